"""A distribution with a density, and where its mass is."""

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from saddle.theory.distribution import Distribution, flattened


@dataclass(frozen=True)
class MassCentres:
    """Where a density has its mass: all but 1e-18 of it is within 10 scales of a centre."""

    centres: Tensor
    """float64 [count, size]."""
    scales: Tensor
    """float64 [count], the width of the narrowest feature there: quadrature begins with cells no wider."""


class Density(Distribution):
    """P with a density p on the line or in a space [size]: `shape` is (size,), `log_prob` is log p in nats."""

    @abstractmethod
    def cdf(self, x: Tensor) -> Tensor:
        """P(X <= x) on the line: x [..., 1] to float64 [...].

        Raises:
            ValueError: `shape` is not (1,).
        """

    @abstractmethod
    def mass_centres(self) -> MassCentres:
        """Where quadrature has to begin; otherwise it misses a narrow mode between its nodes."""


def on_the_line(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Points x [..., 1] as float64 [...].

    Raises:
        ValueError: the points are not on the line.
    """
    if shape != (1,):
        raise ValueError(f"a distribution function is for points on the line, [1], not {list(shape)}")
    return flattened(x, shape).reshape(x.shape[:-1])
