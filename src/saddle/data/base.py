"""What x is: a data set states its shape, gives samples as a function of (seed, position), and shows x as a picture."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from saddle.data.classes import Classes


class Data(ABC):
    """A source of real samples x."""

    name: str
    """How files and metrics call it."""
    shape: tuple[int, ...]
    """Of one sample x, without the batch."""
    kind: str
    """What metrics can compute from: `images`, `points` of a Gaussian mixture, or `atoms`; see a metric's `needs`."""
    shown: int = 64
    """Samples in one picture where nobody asks for another number."""

    @abstractmethod
    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        """The samples at `positions` of the endless sequence of shuffled epochs: float32 [len(positions), *shape]."""

    def rows(self, seed: int, positions: range) -> Tensor:
        """Which training samples `sample` gives there, by number from 0 on: int64 [len(positions)].

        Raises:
            ValueError: every sample is a new one.
        """
        raise ValueError(f"{self.name} has no end of training samples, so none has a number")

    @property
    def held_out(self) -> int:
        """How many samples are there that training never sees; 0 where none are held out, the default."""
        return 0

    def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
        """The held-out samples at `positions`, below `held_out`, in an order of `seed`: as for `sample`.

        Raises:
            ValueError: there are none.
        """
        raise ValueError(f"{self.name} holds out no samples")

    def unseen_labels(self, seed: int, positions: range, device: torch.device) -> Tensor | None:
        """The labels of what `unseen` gives for the same arguments, as for `labels`."""
        return None

    @property
    def classes(self) -> Classes | None:
        """The classes of the training samples; None where nothing is known of them."""
        return None

    def labels(self, seed: int, positions: range, device: torch.device) -> Tensor | None:
        """The labels of what `sample` gives for the same arguments, int64 [len(positions)]; None without classes."""
        return None

    @abstractmethod
    def render(self, x: Tensor, columns: int) -> Image.Image:
        """One picture of the samples x [count, *shape], in rows of `columns`."""

    @abstractmethod
    def picture(self, x: Tensor) -> Image.Image:
        """One sample x [*shape] by itself, in its own size."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a run's summary says of its data: plain numbers, texts, lists and mappings."""
