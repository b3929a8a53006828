"""A search for x that D scores high: how a discriminator generates (lecture I.3)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

Critic = Callable[[Tensor], Tensor]
"""x [n, *shape] to logits [n]; x by x, so that no sample's logit depends on the others."""
Draw = Callable[[str, tuple[int, ...], str], Tensor]
"""(stream, shape, distribution) to noise [n, *shape], as in `saddle.noise`: row i depends on sample i alone."""


class Search(ABC):
    """Finds n points x at once, each by itself: point i is a function of the critic and of its own noise."""

    lists: ClassVar[bool] = False
    """Whether it goes through all x that there are, so that these have to be few."""

    @abstractmethod
    def __call__(self, critic: Critic, start: Tensor, steps: int, draw: Draw) -> Tensor:
        """Points [n, *shape], without gradients.

        Args:
            critic: whose high points are looked for.
            start: where the search begins, [n, *shape].
            steps: how far it goes.
            draw: noise for these n points.
        """
