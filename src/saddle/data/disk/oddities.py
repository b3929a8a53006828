"""What is odd about a set of images as a whole, said before a model is trained on it."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

BLOCK = 2**22
"""Number of values that are read at a time."""
NARROW = 64
"""Number of levels, a quarter of all, under which the range of the values is said to be small."""
SHARE = 0.01
"""Smallest share of the images that is named."""
EMPTY = 0.9
"""Share of the pixels from which on the images are said to be empty."""


def oddities(images: Tensor, background: Sequence[int]) -> list[str]:
    """One line for each oddity: images of one colour, a small range of values, and empty pictures.

    Args:
        images: uint8 [count, channels, height, width], read in blocks.
        background: the colour behind transparent pixels, [3].
    """
    count, channels, height, width = images.shape
    pixel = Image.new("RGB", (1, 1), tuple(background)).convert("RGB" if channels == 3 else "L")
    colour = torch.tensor(list(pixel.tobytes()), dtype=torch.uint8)  # [channels]
    histogram, plain, empty = torch.zeros(256, dtype=torch.int64), 0, 0
    step = max(1, BLOCK // (channels * height * width))
    for start in range(0, count, step):
        block = images[start : start + step].flatten(2)  # [step, channels, pixels]
        histogram += torch.bincount(block.flatten().int(), minlength=256)
        plain += int((block.amax(2) == block.amin(2)).all(1).sum())
        empty += int((block == colour[:, None]).all(1).sum())
    words = []
    if plain >= max(1, SHARE * count):
        words.append(
            f"{plain:,} of {count:,} images have one colour only; if they are white drawings on a transparent ground, "
            "data.background=[0,0,0] shows them"
        )
    low, high = (int((histogram.cumsum(0) > level * histogram.sum()).int().argmax()) for level in (0.001, 0.999))
    if high - low < NARROW and plain < count:
        words.append(
            f"the values of the images range from {low} to {high} of 0 to 255, {(high - low + 1) / 256:.0%} of the "
            "range; if the files have fewer bits than their format, as 12 bits in 16, stretch their values first"
        )
    elif empty >= EMPTY * count * height * width and plain < count:
        words.append(
            f"{empty / (count * height * width):.0%} of all pixels have the colour of the background, "
            f"{list(background)}: the pictures are nearly empty; data.background chooses the colour behind "
            "transparent pixels"
        )
    return words
