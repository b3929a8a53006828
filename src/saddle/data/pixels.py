"""Conversions between x, float in [-1, 1], and pixels, uint8 in 0..255; and a grid of images as one picture."""

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def from_uint8(images: Tensor) -> Tensor:
    """uint8 in 0..255 to float32 in [-1, 1]: v / 127.5 - 1."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(x: Tensor) -> Tensor:
    """Float in [-1, 1] to uint8, rounded and not truncated: the inverse of `from_uint8`."""
    return ((x.detach().float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def grid(images: Tensor | Sequence[Tensor], columns: int, smallest: int = 64, gap: int = 2) -> Image.Image:
    """Images uint8 [count, channels, height, width] side by side as one picture on white.

    Images smaller than `smallest` pixels are enlarged by a whole factor, each pixel repeated, so that the grid shows
    nothing that the model did not generate.
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
