"""Laplacian pyramids: an image as a sum of levels of detail (Burt and Adelson 1983)."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

COARSEST = 16
"""No level is made that would be smaller than this, in pixels."""
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""The smoothing kernel, in each direction."""


def pyramid(images: Tensor) -> Iterator[Tensor]:
    """Laplacian pyramid of uint8 images as float in [-1, 1], finest level first.

    The last level is what is left of the images when halving them again would go below 16 pixels. Enlarging each level
    to the size of the one before and adding it restores the images.
    """
    level = images.float() / 127.5 - 1
    while min(level.shape[-2:]) // 2 >= COARSEST:
        coarser = smoothed(level)[:, :, ::2, ::2]
        yield level - enlarged(coarser, level.shape)
        level = coarser
    yield level


def smoothed(level: Tensor) -> Tensor:
    """The level convolved with the binomial kernel, mirrored at the borders: [count, channels, height, width]."""
    for dim in (2, 3):
        margins = (2, 2, 0, 0) if dim == 3 else (0, 0, 2, 2)
        wide = pad(level, margins, mode="reflect")
        level = torch.stack([weight * wide.narrow(dim, k, level.shape[dim]) for k, weight in enumerate(BINOMIAL)]).sum(
            0
        )
    return level


def enlarged(level: Tensor, shape: torch.Size) -> Tensor:
    """The level at the doubled size `shape`: zeros between its pixels, then smoothed."""
    spread = level.new_zeros(shape)
    spread[:, :, ::2, ::2] = 4 * level
    return smoothed(spread)
