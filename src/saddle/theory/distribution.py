"""A distribution whose log density can be evaluated and which can be sampled."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor


class Distribution(ABC):
    """P over points x of `shape`, all in float64.

    A distribution over finitely many points has log probabilities in place of log densities, see `Discrete`.
    """

    shape: tuple[int, ...]
    """Shape of one point x: (1,) on the line, (2,) in the plane, [channels, height, width] for images."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats at x [..., *shape]: float64 [...]; -inf where p is 0."""

    @abstractmethod
    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        """Independent draws x [len(indices), *shape], float64; draw i is a function of (seed, i) alone."""


def flattened(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Points x [..., *shape] as float64 [count, size].

    Raises:
        ValueError: the last dimensions of x are not `shape`.
    """
    if tuple(x.shape[x.dim() - len(shape) :]) != shape or x.dim() < len(shape):
        raise ValueError(f"points of shape {list(shape)} have to be [..., *shape], not {list(x.shape)}")
    return x.double().reshape(-1, torch.Size(shape).numel())


def weighed(name: str, weights: Tensor, count: int) -> Tensor:
    """Weights [count] as probabilities in float64, divided by a sum that is 1 up to the rounding of float32.

    Raises:
        ValueError: their number is not `count`, one is negative or not finite, or the sum is not 1.
    """
    weights = weights.double()
    if weights.shape != (count,):
        raise ValueError(f"{name} have to be [{count}], one for each point, not {list(weights.shape)}")
    total = weights.sum()
    if not (weights >= 0).all() or not abs(total.item() - 1) < 1e-6:
        raise ValueError(
            f"{name} have to be at least 0 and sum to 1, not {weights.tolist()[:10]} of sum {total.item()}"
        )
    return weights / total
