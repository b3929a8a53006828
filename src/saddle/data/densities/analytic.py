"""Data with a known distribution."""

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
    """Endless samples of a distribution P_data whose density or probabilities can be evaluated.

    x at a position is a new draw, a function of (seed, position): no sample is seen twice, so D cannot memorise any.
    Held-out samples come from a separate stream.

    Args:
        distribution: P_data, in float64.
        shape: the shape of x in the configuration.

    Raises:
        ValueError: the shape is not that of the distribution.
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
        """A hash of every number that the distribution depends on."""

    def facts(self) -> dict[str, Any]:
        return {"digest": {"distribution": self.digest}}


@lru_cache(maxsize=16)
def _seed(seed: int, stream: str) -> int:
    """A seed for each use of the distribution."""
    return int(generator(seed, stream).integers(2**62))
