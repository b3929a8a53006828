"""The interfaces of searches for x that D scores high, and of the negatives of a D alone (lecture I.3)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]
"""x [n, *shape] to logits [n]; each logit depends on its own x alone."""
Draw = Callable[[str, tuple[int, ...], str], Tensor]
"""(stream, shape, distribution) to noise [n, *shape], as in `saddle.noise`: row i depends on sample i alone."""
Find = Callable[[Tensor, int], Tensor]
"""Starts [n, *shape] and a number of steps to the results of the search for the current D, [n, *shape]."""


class Search(ABC):
    """Finds n points x at once, independently: point i is a function of the critic and of its own noise."""

    lists: ClassVar[bool] = False
    """Whether the search enumerates all x, of which there must then be few."""

    @abstractmethod
    def __call__(self, critic: Critic, start: Tensor, steps: int, draw: Draw) -> Tensor:
        """Points [n, *shape], without gradients.

        Args:
            critic: function whose high points are searched for.
            start: initial points, [n, *shape].
            steps: number of steps.
            draw: noise for these n points.
        """


class Negatives(nn.Module, ABC):
    """Negative examples for each of D's steps ("negative examples are critical", I.3); buffers hold its state."""

    @abstractmethod
    def forward(self, step: int, find: Find, draw: Draw) -> Tensor:
        """This rank's share of the negatives of D's step number `step`, [n, *shape]; `draw` is noise of that step."""
