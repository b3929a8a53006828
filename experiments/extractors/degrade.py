"""Five ways to spoil real images, each with a strength: what people see at a glance, a metric must see too."""

from collections.abc import Callable
from math import ceil

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from saddle.noise import generator, noise

Degradation = Callable[[Tensor, float], Tensor]
"""uint8 images [count, channels, height, width] and a strength to images of the same kind."""


def blur(images: Tensor, deviation: float) -> Tensor:
    """Convolved with a Gaussian of `deviation` pixels, borders repeated."""
    radius = ceil(3 * deviation)
    line = torch.exp(-((torch.arange(-radius, radius + 1) / deviation) ** 2) / 2)
    line /= line.sum()
    channels = images.shape[1]
    wide = pad(images.float(), (radius,) * 4, mode="replicate")
    rows = conv2d(wide, line.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return _rounded(conv2d(rows, line.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels))


def grain(images: Tensor, deviation: float) -> Tensor:
    """Independent normal noise of `deviation` grey levels added to every value."""
    return _rounded(images + deviation * noise(0, "grain", 0, range(len(images)), images.shape[1:]))


def pixelate(images: Tensor, side: float) -> Tensor:
    """Averaged over tiles of `side` x `side` pixels each (the last are cropped), painted as squares."""
    side = int(side)
    means = avg_pool2d(images.float(), side, ceil_mode=True)
    tiles = means.repeat_interleave(side, dim=2).repeat_interleave(side, dim=3)
    return _rounded(tiles[:, :, : images.shape[2], : images.shape[3]])


def swap_halves(images: Tensor, share: float) -> Tensor:
    """In a random `share` of the images the left half is that of another image."""
    order = generator("swap halves").permutation(len(images))
    chosen = torch.from_numpy(order[: round(share * len(images))])
    swapped, half = images.clone(), images.shape[-1] // 2
    swapped[chosen, :, :, :half] = images.roll(1, dims=0)[chosen, :, :, :half]
    return swapped


def kept(ranks: np.ndarray, share: float) -> np.ndarray:
    """Rows that stay when the modes in the upper `share` of a factor are lost: indices, in order.

    Args:
        ranks: the factor of each image; a category counts as its index, a continuous factor is uniform on [0, 1].
        share: of the factor's range that is lost.
    """
    position = (ranks + 0.5) / (ranks.max() + 1) if np.issubdtype(ranks.dtype, np.integer) else ranks
    return np.flatnonzero(position < 1 - share)


def _rounded(images: Tensor) -> Tensor:
    return images.round().clamp(0, 255).to(torch.uint8)
