"""What x is: a data set states its shape, gives samples as a function of (seed, position), and shows x as a picture."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddle.noise import visited


class Data(ABC):
    """A source of real samples x."""

    name: str
    """How files and metrics call it."""
    shape: tuple[int, ...]
    """Of one sample x, without the batch."""

    @abstractmethod
    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        """The samples at `positions` of the endless sequence of shuffled epochs: float32 [len(positions), *shape]."""

    @abstractmethod
    def render(self, x: Tensor, columns: int) -> Image.Image:
        """One picture of the samples x [count, *shape], in rows of `columns`."""

    @abstractmethod
    def picture(self, x: Tensor) -> Image.Image:
        """One sample x [*shape] by itself, in its own size."""


class Images(Data):
    """Images as one resident uint8 tensor; x is a float image [channels, height, width] in [-1, 1]."""

    @cached_property
    @abstractmethod
    def train(self) -> Tensor:
        """The images to train on: uint8 [count, channels, height, width]."""

    @cached_property
    @abstractmethod
    def test(self) -> Tensor:
        """The held-out images: uint8 [count, channels, height, width]."""

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        if self._resident.device != device:
            self._resident = self.train.to(device)
        picked = torch.from_numpy(visited(seed, positions, len(self.train))).to(device)
        return from_uint8(self._resident[picked])

    @cached_property
    def _resident(self) -> Tensor:
        return self.train

    def render(self, x: Tensor, columns: int) -> Image.Image:
        return grid(to_uint8(x), columns)

    def picture(self, x: Tensor) -> Image.Image:
        return grid(to_uint8(x[None]), columns=1, smallest=1, gap=0)


def from_uint8(images: Tensor) -> Tensor:
    """uint8 in 0..255 to float32 in [-1, 1]: v / 127.5 - 1."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(x: Tensor) -> Tensor:
    """Float in [-1, 1] to uint8, rounded, never truncated: the inverse of `from_uint8` on its image."""
    return ((x.detach().float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def grid(images: Tensor | Sequence[Tensor], columns: int, smallest: int = 64, gap: int = 2) -> Image.Image:
    """Images uint8 [count, channels, height, width] side by side as one picture on white.

    Images smaller than `smallest` pixels are enlarged by a whole factor, each pixel repeated, so that nothing is
    shown which the model did not draw.
    """
    tiles = torch.stack(list(images)).cpu().numpy().transpose(0, 2, 3, 1)  # [count, height, width, channels]
    factor = ceil(smallest / tiles.shape[1])
    tiles = tiles.repeat(factor, axis=1).repeat(factor, axis=2)
    count, height, width, channels = tiles.shape
    rows = ceil(count / columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, dtype=np.uint8)
    for i, tile in enumerate(tiles):
        y, x = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[y : y + height, x : x + width] = tile
    return Image.fromarray(sheet.squeeze(-1) if channels == 1 else sheet)
