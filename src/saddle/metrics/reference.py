"""The real images of an evaluation."""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from saddle.data.copies import copies
from saddle.data.disk.imageset import ImageSet, digest_of
from saddle.data.labels import Labels
from saddle.noise import generator
from saddle.storage import cached

MOST = 10_000
"""Images on each side where `evaluate_images` is null."""


class Reference:
    """The real images that generated ones are compared with: a whole set, or a fixed random part.

    A part is random because folders are often sorted by kind. What is computed from the images is stored in the cache
    on disk under their digest, so that a later evaluation reads none of them.

    Args:
        images: the set.
        split: the name of the set (train, test, all), for the protocol.
        count: number of images; None is all of them, at most 10,000.

    Raises:
        ValueError: `count` is more than the set has.
    """

    def __init__(self, *, images: ImageSet, split: str, count: int | None) -> None:
        self.count = _allowed(count, len(images))
        self.split = split
        self.images = images
        self._rows = np.arange(self.count)
        if self.count < len(images):
            self._rows = np.sort(generator("evaluation", "reference").permutation(len(images))[: self.count])
        self.digest = images.digest if self.count == len(images) else digest_of(images.digest, self.count)

    def at(self, indices: range) -> Tensor:
        """The images number `indices`: uint8 [len(indices), channels, height, width]."""
        return self.images[self._rows[indices.start : indices.stop]]

    def of(self, labels: Labels | None) -> Labels | None:
        """The labels of these images, from those of the whole set; None if there are none."""
        return labels and labels.of(self._rows)

    def batches(self, size: int, doing: str) -> Iterator[tuple[range, Tensor]]:
        """The images in batches, uint8 [size, channels, height, width], each with its indices among them.

        Args:
            size: images in a batch; the last batch may be smaller.
            doing: text of the progress bar.
        """
        for indices in progress(batches(self.count, size), doing):
            yield indices, self.at(indices)

    @cached_property
    def copies(self) -> int:
        """The number of images whose pixels are those of another image before it."""
        return copies(self.digest, self.count, lambda rows: self.images[self._rows[rows]])

    def cached(self, name: str, make: Callable[[], dict[str, np.ndarray]], *settings: object) -> dict[str, np.ndarray]:
        """The arrays `name`, which depend on these images and `settings`: from the cache, or made by `make()`.

        Arrays that another version of torch computed are not used.
        """
        return cached(f"{name}_{digest_of(self.digest, torch.__version__, *settings)}", make)


def batches(count: int, size: int) -> list[range]:
    """The range 0..count in pieces of `size`."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def progress(pieces: list[range], doing: str) -> Iterator[range]:
    """The pieces, with a progress bar in the terminal if they take long."""
    with tqdm(
        total=pieces[-1].stop if pieces else 0, desc=doing, delay=5, leave=False, disable=None, unit="img"
    ) as bar:
        for piece in pieces:
            yield piece
            bar.update(len(piece))


def _allowed(count: int | None, available: int) -> int:
    if count is not None and count > available:
        raise ValueError(
            f"evaluate_images={count}, but the reference has {available} images; set evaluate_images={available} or "
            f"less, or null for min({MOST:,}, size of the reference)"
        )
    return min(MOST, available) if count is None else count
