"""The class of every sample of a set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddle.data.classes import Classes
from saddle.data.disk.imageset import digest_of


@dataclass(frozen=True, eq=False)
class Labels:
    """The label of each sample of a set, in the order of the samples.

    Attributes:
        names: the names of the classes.
        values: the index of each sample's class, int64 [count].
    """

    names: tuple[str, ...]
    values: NDArray[np.int64]

    @property
    def classes(self) -> Classes:
        """The classes with the number of samples in each."""
        return Classes(dict(zip(self.names, self.counts.tolist(), strict=True)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of samples of each class, [classes]."""
        return np.bincount(self.values, minlength=len(self.names))

    @property
    def digest(self) -> str:
        """A hash of the classes' names and of every sample's label."""
        return digest_of(self.names, self.values)

    def of(self, rows: NDArray[np.int64]) -> "Labels":
        """The labels of the samples with the indices `rows`."""
        return Labels(self.names, self.values[rows])


def joined(parts: Sequence[Labels]) -> Labels:
    """The labels of several sets with the same classes, concatenated."""
    return Labels(parts[0].names, np.concatenate([part.values for part in parts]))
