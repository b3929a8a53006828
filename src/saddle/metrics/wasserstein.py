"""Sliced Wasserstein distance between patches of Laplacian pyramids: a distance that needs no network."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from saddle.noise import generator

PATCH = 7
"""Side of a patch, in pixels of its level."""
COARSEST = 16
"""No level is made that would be smaller than this, in pixels."""
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""The smoothing kernel of the pyramid (Burt and Adelson 1983), in each direction."""
CHUNK = 500
"""Images whose pyramids exist at a time; the patches are all kept."""


class SlicedWasserstein:
    """Sliced Wasserstein distance of Karras et al. 2018, "Progressive growing of GANs".

    A Laplacian pyramid splits the images into levels, from the finest detail down to 16 pixels; from every image and
    level 7 x 7 patches are taken, and each channel of a set's patches is brought to mean 0 and variance 1. For a
    direction u the Wasserstein-1 distance of the projected patches is the mean distance of their sorted values:

        SWD = mean over levels and directions u, |u| = 1, of mean_i |sort(P u)_i - sort(Q u)_i|

    The normalisation hides overall brightness and contrast; what remains is the shape of edges, grain and texture. The
    paper prints 1,000 times this number. The patches of image i and the directions are fixed functions of (level, i),
    so the same images give the same number.

    Args:
        real: uint8 [count, channels, height, width], both sides at least 7.
        patches: taken from each image at each level; 128 in the paper.
        projections: how many directions; 512 in the paper.

    Raises:
        ValueError: an image is smaller than a patch, or the two sets differ in number or shape.
    """

    def __init__(self, *, real: Tensor, patches: int, projections: int) -> None:
        if min(real.shape[-2:]) < PATCH:
            raise ValueError(f"swd takes patches of {PATCH} x {PATCH}; the images are {list(real.shape[-2:])}")
        self._shape = real.shape
        self._patches = patches
        self._projections = projections
        self._real = self._projected(real)

    def __call__(self, fake: Tensor) -> float:
        """The distance of the images fake, uint8 and of the shape of the real ones."""
        if fake.shape != self._shape:
            raise ValueError(f"swd compares as many images, of one shape: {list(self._shape)}, not {list(fake.shape)}")
        pairs = zip(self._real, self._projected(fake), strict=True)
        return float(np.mean([np.abs(real - found).mean() for real, found in pairs]))

    def _projected(self, images: Tensor) -> list[np.ndarray]:
        """For each level the projected patches, each direction sorted: float32 [projections, count * patches]."""
        chunks = [
            [_cut(level, corners) for level, corners in zip(pyramid(part), self._corners(part, start), strict=False)]
            for start, part in zip(range(0, len(images), CHUNK), images.split(CHUNK), strict=True)
        ]
        return [self._sorted(torch.cat(parts), depth) for depth, parts in enumerate(zip(*chunks, strict=True))]

    def _corners(self, images: Tensor, start: int) -> Iterator[np.ndarray]:
        """For each level where the patches of these images lie, in 0..1 of the room there is: [count, patches, 2]."""
        for depth in range(32):
            yield generator("swd", "corners", depth, start).random((len(images), self._patches, 2))

    def _sorted(self, patches: Tensor, depth: int) -> np.ndarray:
        dims = (0, 2, 3)
        deviation = patches.std(dims, keepdim=True).clamp_min(1e-8)  # a set of flat images has none
        flat = ((patches - patches.mean(dims, keepdim=True)) / deviation).flatten(1)  # [count * patches, size]
        draw = generator("swd", "directions", depth).standard_normal(
            (flat.shape[1], self._projections), dtype=np.float32
        )
        directions = torch.from_numpy(draw / np.linalg.norm(draw, axis=0)).to(flat)  # [size, projections]
        return np.sort((directions.T @ flat.T).cpu().numpy(), axis=1)  # ten times as fast as torch's on a CPU


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


def _cut(level: Tensor, corners: np.ndarray) -> Tensor:
    """Patches of a level at relative corners [count, patches, 2]: [count * patches, channels, PATCH, PATCH]."""
    room = np.array(level.shape[-2:]) - PATCH + 1
    top, left = torch.from_numpy((corners * room).astype(np.int64)).to(level.device).unbind(dim=2)  # [count, patches]
    windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # [count, channels, rows, columns, PATCH, PATCH]
    image = torch.arange(len(level), device=level.device)[:, None]  # [count, 1]
    return windows[image, :, top, left].flatten(0, 1)
