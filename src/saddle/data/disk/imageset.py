"""A fixed list of images of which only the requested ones are read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class ImageSet(ABC):
    """Images of one shape in a fixed order: uint8 [count, channels, height, width], not loaded as a whole.

    Length, shape and digest are known without reading a pixel, so that results computed from the images can be found in
    a cache without reading the images.
    """

    digest: str
    """A hash of the pixels: two sets with equal digests have the same images in the same order."""
    shape: tuple[int, ...]
    """Shape of one image, [channels, height, width]."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        """Copies of the images with indices `rows` [count], in any order: uint8 [count, channels, height, width]."""


class StoredImages(ImageSet):
    """Images as one tensor, made or mapped from a file on first use.

    Args:
        digest: hash of everything that the pixels depend on.
        shape: [count, channels, height, width].
        load: function that returns the tensor, uint8 of that shape; a memory-mapped tensor is read row by row.
    """

    def __init__(self, *, digest: str, shape: Sequence[int], load: Callable[[], Tensor]) -> None:
        self.digest = digest
        self.shape = tuple(shape[1:])
        self._count = shape[0]
        self._load = load

    @cached_property
    def pixels(self) -> Tensor:
        """All images: uint8 [count, channels, height, width], read-only."""
        return self._load()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        return self.pixels[torch.from_numpy(rows)]


class JoinedImages(ImageSet):
    """The images of several sets, concatenated."""

    def __init__(self, *sets: ImageSet) -> None:
        self.digest = digest_of(*(one.digest for one in sets))
        self.shape = sets[0].shape
        self._sets = sets
        self._ends = np.cumsum([len(one) for one in sets])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        images = torch.empty((len(rows), *self.shape), dtype=torch.uint8)
        owner = np.searchsorted(self._ends, rows, side="right")  # [rows]
        for number, one in enumerate(self._sets):
            inside = owner == number
            images[torch.from_numpy(inside)] = one[rows[inside] - self._ends[number] + len(one)]
        return images


def digest_of(*parts: object) -> str:
    """A hash of `parts`, 16 hex digits: bytes and arrays count by their content, all else by its printed form."""
    state = blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, np.ndarray):
            state.update(f"{part.dtype}{part.shape}".encode())
            state.update(np.ascontiguousarray(part).data)
        else:
            state.update(part if isinstance(part, bytes) else repr(part).encode())
        state.update(b"\0")
    return state.hexdigest()
