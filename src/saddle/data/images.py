"""Data whose x is an image."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from saddle.data.base import Data
from saddle.data.classes import Classes
from saddle.data.copies import copies
from saddle.data.disk.imageset import ImageSet, JoinedImages
from saddle.data.labels import Labels, joined
from saddle.data.pixels import from_uint8, grid, to_uint8
from saddle.noise import visited

Part = Literal["train", "test"]
Split = Literal["train", "test", "all"]
SHARE = 0.25
"""Largest share of a GPU's memory for the training images; larger sets are copied batch by batch."""


class Images(Data):
    """Images to train on and to compare with; x is a float image [channels, height, width] in [-1, 1]."""

    kind = "images"
    reference: Split
    """The part that evaluations compare with by default."""

    @property
    @abstractmethod
    def train(self) -> ImageSet:
        """The images to train on."""

    @property
    @abstractmethod
    def test(self) -> ImageSet | None:
        """The held-out images, or None."""

    def labelled(self, part: Part) -> Labels | None:
        """The labels of the images of one part; by default None."""
        return None

    def factors(self, part: Part) -> Mapping[str, NDArray[Any]]:
        """Known factors of the images of one part: name -> [count], int64 for categories, float for numbers."""
        return {}

    @cached_property
    def classes(self) -> Classes | None:
        return None if self._train_labels is None else self._train_labels.classes

    @cached_property
    def _train_labels(self) -> Labels | None:
        return self.labelled("train")

    def labels(self, seed: int, positions: range, device: torch.device) -> Tensor | None:
        if self._train_labels is None:
            return None
        rows = visited(seed, positions, len(self.train))
        return torch.from_numpy(self._train_labels.values[rows]).to(device)

    @property
    def held_out(self) -> int:
        return 0 if self.test is None else len(self.test)

    def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return from_uint8(self.split("test")[visited(seed, positions, self.held_out)].to(device))

    def unseen_labels(self, seed: int, positions: range, device: torch.device) -> Tensor | None:
        if self._test_labels is None:
            return None
        return torch.from_numpy(self._test_labels.values[visited(seed, positions, self.held_out)]).to(device)

    @cached_property
    def _test_labels(self) -> Labels | None:
        return self.split_labels("test")

    def split_labels(self, name: Split) -> Labels | None:
        """The labels of the images of `split(name)`, or None."""
        parts: list[Part] = ["test"] if name == "test" else ["train"]
        if name == "all" and self.test is not None:
            parts.append("test")
        labels = [one for part in parts if (one := self.labelled(part)) is not None]
        return joined(labels) if len(labels) == len(parts) else None

    def split(self, name: Split) -> ImageSet:
        """The images of one part or of both.

        Raises:
            ValueError: no images are held out.
        """
        if name == "train" or (name == "all" and self.test is None):
            return self.train
        if self.test is None:
            raise ValueError(
                f"data={self.name} holds out no images, so evaluate_reference=test has nothing to compare with: set "
                "evaluate_reference=train"
            )
        return self.test if name == "test" else JoinedImages(self.train, self.test)

    def facts(self) -> dict[str, object]:
        """The number and the digest of the images in each part, and how many of them are copies of others in it."""
        parts = {name: part for name, part in (("train", self.train), ("test", self.test)) if part is not None}
        return {
            "images": {name: len(part) for name, part in parts.items()},
            "digest": {name: part.digest for name, part in parts.items()},
            "copies": {name: copies(part.digest, len(part), part.__getitem__) for name, part in parts.items()},
        }

    def rows(self, seed: int, positions: range) -> Tensor:
        return torch.from_numpy(visited(seed, positions, len(self.train)))

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        rows = visited(seed, positions, len(self.train))
        resident = self._resident(device)
        images = self.train[rows].to(device) if resident is None else resident[torch.from_numpy(rows).to(device)]
        return from_uint8(images)

    _copy: Tensor | None = None

    def _resident(self, device: torch.device) -> Tensor | None:
        """All training images on a GPU; None on a CPU, where a copy gains nothing, and for sets that are too large."""
        if device.type != "cuda":
            return None
        if self._copy is None or self._copy.device != device:
            size = len(self.train) * int(np.prod(self.shape))
            if size > SHARE * torch.cuda.get_device_properties(device).total_memory:
                return None
            self._copy = self.train[np.arange(len(self.train))].to(device)
        return self._copy

    def render(self, x: Tensor, columns: int) -> Image.Image:
        return grid(to_uint8(x), columns)

    def picture(self, x: Tensor) -> Image.Image:
        return grid(to_uint8(x[None]), columns=1, smallest=1, gap=0)
