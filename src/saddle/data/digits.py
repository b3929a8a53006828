"""The real handwritten digits that scikit-learn ships: no download, 1,797 grey images of 8 x 8 pixels."""

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import interpolate

from saddle.data.disk.imageset import StoredImages, digest_of
from saddle.data.images import Images, Part, Split
from saddle.data.labels import Labels
from saddle.noise import generator

NATIVE = 8
"""Side of the digits as they were published, in pixels."""
Side = Annotated[int, Field(ge=8, multiple_of=8)]


class Digits(Images):
    """Optical recognition of handwritten digits (Alpaydin and Kaynak 1998, the test part of the UCI set).

    Each digit was written by hand, scanned as 32 x 32 bits, and counted in blocks of 4 x 4, which gives 17 levels of
    grey, here scaled to 0..255. A fixed permutation determines the held-out images. A multiple of 8 as side is the same
    image enlarged by bicubic interpolation; nothing is added to it.

    Args:
        shape: [1, r, r], r a multiple of 8.
        test_count: number of held-out images.
        label: `digit` for the digit's value as label, None for no labels.
        reference: the part that evaluations compare with.

    Raises:
        ValueError: the shape is wrong, or no image is left to train on.
    """

    name = "digits"

    def __init__(
        self,
        *,
        shape: tuple[Literal[1], Side, Side],
        test_count: Annotated[int, Field(gt=0, lt=1797)],
        label: Literal["digit"] | None,
        reference: Split,
    ) -> None:
        channels, height, width = shape if len(shape) == 3 else (0, 0, 0)
        if channels != 1 or height != width or height < NATIVE or height % NATIVE:
            raise ValueError(
                f"data=digits has grey square images whose side is a multiple of {NATIVE}: shape [1, r, r] with "
                f"r = {NATIVE}, {2 * NATIVE}, ... (resolution=r); the shape is {list(shape)}"
            )
        scans = load_digits()
        if not 0 < test_count < len(scans.target):
            raise ValueError(f"data.test_count is {test_count}; data=digits has {len(scans.target)} images in all")
        self.shape = (channels, height, width)
        self.label = label
        self.reference = reference
        self._images = _enlarged(torch.from_numpy(scans.images), height)
        self._digits: np.ndarray = scans.target.astype(np.int64)
        order = generator("digits", "split").permutation(len(scans.target))
        self._rows = {"test": order[:test_count], "train": order[test_count:]}

    @cached_property
    def train(self) -> StoredImages:
        return self._part("train")

    @cached_property
    def test(self) -> StoredImages:
        return self._part("test")

    def _part(self, split: str) -> StoredImages:
        images = self._images[self._rows[split]]  # [count, 1, side, side]
        return StoredImages(digest=digest_of(images.numpy()), shape=images.shape, load=lambda: images)

    def factors(self, split: str) -> dict[str, np.ndarray]:
        """The digit of every image of `split` (train, test), int64 [count], 0..9."""
        return {"digit": self._digits[self._rows[split]]}

    def labelled(self, part: Part) -> Labels | None:
        return None if self.label is None else Labels(tuple("0123456789"), self.factors(part)["digit"])


def _enlarged(levels: Tensor, side: int) -> Tensor:
    """Grey levels 0..16 [count, 8, 8] as uint8 [count, 1, side, side]."""
    grey = (levels.float() * (255 / 16))[:, None]  # [count, 1, 8, 8]
    if side != NATIVE:
        grey = interpolate(grey, size=(side, side), mode="bicubic", align_corners=False)
    return grey.round().clamp(0, 255).to(torch.uint8)
