"""Is a difference between runs more than the luck of their seeds? Intervals and p values over seeds.

Student (1908): n independent normal values with mean m, standard deviation s (n - 1 in its denominator) and unknown
expectation mu have (m - mu) / (s / sqrt n) distributed as t with n - 1 degrees of freedom. Seeds are independent; that
a metric over seeds is normal is an assumption, which few seeds can neither show nor refute.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
"""Confidence level of every interval."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Mean of `n` values and the bounds of their expectation at `LEVEL`; None if there are no bounds."""

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Both bounds, or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)


def t_interval(values: Sequence[float]) -> Interval:
    """Mean and t interval, m -+ t_(n - 1)(0.975) s / sqrt n.

    One value has no interval, and neither have values of which one is not finite: their mean is not finite either.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    n = len(values)
    mean = math.fsum(values) / n if all(map(math.isfinite, values)) else math.nan
    if n == 1 or not math.isfinite(mean):
        return Interval(mean=values[0] if n == 1 else mean, low=None, high=None, n=n)
    half = _quantile(n - 1) * statistics.stdev(values) / math.sqrt(n)
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n)


def t_test(values: Sequence[float]) -> float | None:
    """Two-sided p value of "the expectation is 0"; of the differences of pairs this is the paired t test.

    None if there is nothing to judge by: fewer than two values, a value that is not finite, or no spread.
    """
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    spread = statistics.stdev(values)
    if spread == 0:
        return None
    from scipy.special import stdtr  # late, because it takes half a second

    t = math.fsum(values) / len(values) / (spread / math.sqrt(len(values)))
    return float(2 * stdtr(len(values) - 1, -abs(t)))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values: rejecting all below alpha makes any false rejection with probability alpha at most.

    The k-th smallest of m is multiplied by m - k + 1, and is at least as large as those before it (Holm 1979). An entry
    without a p value was no test and does not count.
    """
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        adjusted[index] = largest
    return adjusted


def _quantile(freedom: int) -> float:
    from scipy.special import stdtrit  # as above

    return float(stdtrit(freedom, (1 + LEVEL) / 2))
