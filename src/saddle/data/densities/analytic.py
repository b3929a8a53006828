"""Data whose distribution is known."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from saddle.data.base import Data
from saddle.noise import generator
from saddle.theory.distribution import Distribution

ENDLESS = 2**62


class AnalyticData(Data):
    """Samples of a distribution P_data that can be evaluated: a set without an end.

    x at a position is a fresh draw, a function of (seed, position): no sample is seen twice, and D cannot know any by
    heart. Held-out samples come from a stream of their own.

    Args:
        distribution: P_data, in float64.
        shape: what the configuration says of x.

    Raises:
        ValueError: the shape is another.
    """

    distribution: Distribution
    held_out = ENDLESS
    shown = 1_000

    def __init__(self, distribution: Distribution, shape: Sequence[int]) -> None:
        if tuple(shape) != distribution.shape:
            raise ValueError(f"data.shape is {list(shape)}; data={self.name} has x of {list(distribution.shape)}")
        self.distribution, self.shape = distribution, distribution.shape

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return self._drawn("reals", seed, positions, device)

    def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return self._drawn("held-out reals", seed, positions, device)

    def _drawn(self, stream: str, seed: int, positions: range, device: torch.device) -> Tensor:
        return self.distribution.sample(positions, _seed(seed, stream)).float().to(device)

    @property
    @abstractmethod
    def digest(self) -> str:
        """Changes with any number that the distribution depends on."""

    def facts(self) -> dict[str, Any]:
        return {"digest": {"distribution": self.digest}}


@lru_cache(maxsize=16)
def _seed(seed: int, stream: str) -> int:
    """A seed for each use of the distribution."""
    return int(generator(seed, stream).integers(2**62))
