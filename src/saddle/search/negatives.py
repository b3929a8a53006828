"""What D learns to score low when there is no generator: the lecture's "negative examples are critical" (I.3)."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from saddle.search.base import Draw

Find = Callable[[Tensor, int], Tensor]
"""Starts [n, *shape] and a number of steps to what the search finds for the D of this moment, [n, *shape]."""


class Negatives(nn.Module, ABC):
    """Negative examples for each of D's steps. What it remembers from step to step stands in buffers."""

    @abstractmethod
    def forward(self, step: int, find: Find, draw: Draw) -> Tensor:
        """This rank's share of the negatives of D's step number `step`, [n, *shape]; `draw` is noise of that step."""
