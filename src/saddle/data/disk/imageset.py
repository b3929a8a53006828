"""A fixed list of images that is read only where it is looked at."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class ImageSet(ABC):
    """Images of one shape in a fixed order: uint8 [count, channels, height, width], never whole in memory by itself.

    Its length, its shape and its digest are known without looking at a pixel: what was computed from the images can be
    found in a cache while the images stay where they are.
    """

    digest: str
    """Says which pixels these are: two sets with one digest hold the same images in the same order."""
    shape: tuple[int, ...]
    """Of one image, [channels, height, width]."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        """The images number `rows` [count], any order, as uint8 [count, channels, height, width] of their own."""


class StoredImages(ImageSet):
    """Images as one tensor, made or mapped from a file at the first look.

    Args:
        digest: of everything that the pixels depend on.
        shape: [count, channels, height, width].
        load: gives the tensor, uint8 of that shape; a memory-mapped one is read row by row.
    """

    def __init__(self, *, digest: str, shape: Sequence[int], load: Callable[[], Tensor]) -> None:
        self.digest = digest
        self.shape = tuple(shape[1:])
        self._count = shape[0]
        self._load = load

    @cached_property
    def pixels(self) -> Tensor:
        """All images: uint8 [count, channels, height, width]; not to be written to."""
        return self._load()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        return self.pixels[torch.from_numpy(rows)]


class JoinedImages(ImageSet):
    """The images of several sets, one set after the other."""

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
    """16 hex digits that change with any of `parts`, by their printed form; for bytes and arrays by their content."""
    state = blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, np.ndarray):
            state.update(f"{part.dtype}{part.shape}".encode())
            state.update(np.ascontiguousarray(part).data)
        else:
            state.update(part if isinstance(part, bytes) else repr(part).encode())
        state.update(b"\0")
    return state.hexdigest()
