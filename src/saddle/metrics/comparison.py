"""What an evaluation consists of: comparisons that look at generated images batch by batch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from torch import Tensor

Look = TypeVar("Look")


class Comparison(ABC, Generic[Look]):
    """Numbers that compare generated images with a fixed set of real ones.

    It keeps a small part of each batch, features or patches, so that no evaluation holds all images. What it needs of
    the real images is computed at the first use and kept. It draws nothing from a global generator.
    """

    names: Sequence[str]
    """Of its numbers, the most important one first."""

    @abstractmethod
    def look(self, images: Tensor, indices: range) -> Look:
        """What is needed of the images number `indices`, uint8 [len(indices), channels, height, width]."""

    @abstractmethod
    def compare(self, looks: Sequence[Look], labels: Tensor | None = None) -> dict[str, float]:
        """The numbers, by name, of all images that were looked at, in order.

        `labels` [count] are those under which the images were drawn, if that was so.
        """

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """`metrics`, the names, and what the numbers depend on besides the images."""

    def floor(self) -> dict[str, float]:
        """What real images score against real images, for those of its numbers where that is known."""
        return {}
