"""A distribution that is known: its log density can be evaluated, and it can be sampled."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor


class Distribution(ABC):
    """P over points x of `shape`, all in float64.

    A member over finitely many points gives log probabilities in place of log densities, see `Discrete`.
    """

    shape: tuple[int, ...]
    """Of one point x: (1,) on the line, (2,) in the plane, [channels, height, width] for images."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats at x [..., *shape]: float64 [...]; -inf where p is 0."""

    @abstractmethod
    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        """Independent draws x [len(indices), *shape], float64; draw i is a function of (seed, i) alone."""
