"""The interface of a data set: the shape of x, samples as a function of (seed, position), and x as a picture."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from saddle.data.classes import Classes


class Data(ABC):
    """A source of real samples x."""

    name: str
    """The name of the data set in files and metrics."""
    shape: tuple[int, ...]
    """Shape of one sample x, without the batch."""
    kind: str
    """What metrics can compute from: `images`, `points` of a Gaussian mixture, or `atoms`; see a metric's `needs`."""
    shown: int = 64
    """Number of samples in one picture by default."""

    @abstractmethod
    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        """The samples at `positions` of the endless sequence of shuffled epochs: float32 [len(positions), *shape]."""

    def rows(self, seed: int, positions: range) -> Tensor:
        """The indices of the training samples that `sample` returns for the same arguments: int64 [len(positions)].

        Raises:
            ValueError: every sample is drawn anew.
        """
        raise ValueError(f"{self.name} draws every training sample anew, so none has an index")

    @property
    def held_out(self) -> int:
        """The number of samples that training never sees, by default 0."""
        return 0

    def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
        """The held-out samples at `positions` < `held_out`, in an order drawn with `seed`; otherwise as `sample`.

        Raises:
            ValueError: no samples are held out.
        """
        raise ValueError(f"{self.name} holds out no samples")

    def unseen_labels(self, seed: int, positions: range, device: torch.device) -> Tensor | None:
        """The labels of the samples that `unseen` returns for the same arguments; otherwise as `labels`."""
        return None

    @property
    def classes(self) -> Classes | None:
        """The classes of the training samples; None if they have no labels."""
        return None

    def labels(self, seed: int, positions: range, device: torch.device) -> Tensor | None:
        """The labels of the samples that `sample` returns for the same arguments, int64 [len(positions)], or None."""
        return None

    @abstractmethod
    def render(self, x: Tensor, columns: int) -> Image.Image:
        """One picture of the samples x [count, *shape], in rows of `columns`."""

    @abstractmethod
    def picture(self, x: Tensor) -> Image.Image:
        """A picture of one sample x [*shape] in its own size."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Facts about the data for a run's summary: plain numbers, texts, lists and mappings."""
