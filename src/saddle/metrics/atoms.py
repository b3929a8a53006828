"""Samples against a distribution over points that can be listed."""

from collections.abc import Callable
from math import pi
from typing import Any

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from saddle.distributed import world
from saddle.metrics.base import SampleEvaluator
from saddle.theory.discrete import Discrete
from saddle.theory.divergences import jsd


class AtomsEvaluator(SampleEvaluator):
    r"""Distances between P_data and the frequencies with which samples come near to each point, and `on_support`.

    $$TV = \tfrac12 \left( \sum_i |f_i - p_i| + f_{nowhere} \right)$$

    A sample counts as point i where it differs by no more than `tolerance` in any coordinate, and as nowhere if that is
    so of none; `on_support` = 1 - f_nowhere. `points_covered` are those that at least half of p_i of the samples come
    to.

    `jsd_rounded`, in nats, is JSD(p, f) over the points and nowhere. Rounding is a channel, so in the limit of many
    samples it is at most the JSD, which says nothing by itself: it is log 2 for every G with a density, however near
    its samples come, and the best D is the one that is certain of everything. (Hence no distance to it is read.) From n
    samples the value is too large by sum_i p_i (1 - f_i) / (p_i + f_i) / (4 n), to the order 1 / n: the second
    derivative of the JSD in f_i, p_i / (2 f_i (p_i + f_i)), times half of the variance of f_i.
    `jsd_rounded_error` is its standard error, by the first derivative log(f_i / m_i) / 2, m = (p + f) / 2.

    The floors are what n samples of P_data have on average, which is not 0: for the total variation
    1/2 sum_i sqrt(2 p_i (1 - p_i) / (pi n)), by the normal approximation of each count, and for the JSD the excess
    above, (points - 1) / (8 n).

    Args:
        distribution: P_data.
        count: samples; None is `samples`.
        samples: as many where no number is asked for.
        tolerance: in units of x.

    Raises:
        ValueError: two points are so near to one another that a sample could count as both.
    """

    of = "atoms"

    def __init__(
        self, *, distribution: Discrete, count: int | None, samples: PositiveInt, tolerance: PositiveFloat
    ) -> None:
        self.points = distribution.points.flatten(1)  # [points, size]
        self.probabilities = distribution.probabilities
        self.count = samples if count is None else count
        self.tolerance = tolerance
        apart = torch.cdist(self.points, self.points, p=torch.inf).fill_diagonal_(torch.inf).min()
        if apart <= 2 * tolerance:
            raise ValueError(
                f"evaluator.tolerance={tolerance}: two points of the data differ by no more than {apart:.3g}, and a "
                "sample could count as both; set it below half of that"
            )

    def seen(self, x: Tensor) -> Tensor:
        return x

    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        if world.rank():
            return {}
        x = sample(range(self.count)).cpu().double().flatten(1)  # [count, size]
        distances, places = torch.cdist(x, self.points, p=torch.inf).min(1)
        there = distances <= self.tolerance
        frequencies = torch.bincount(places[there], minlength=len(self.points)).double() / self.count
        on_support = float(there.double().mean())
        rounded, error = self._jsd(torch.cat([frequencies, 1 - frequencies.sum(0, keepdim=True)]).clamp(min=0))
        return {
            "total_variation": float((frequencies - self.probabilities).abs().sum() + 1 - on_support) / 2,
            "jsd_rounded": rounded,
            "jsd_rounded_error": error,
            "on_support": on_support,
            "points_covered": float(self._covered(frequencies).sum()),
        }

    def _covered(self, frequencies: Tensor) -> Tensor:
        """Which points are, [points]; none of probability 0, to which no sample has to come."""
        return (frequencies >= self.probabilities / 2) & (self.probabilities > 0)

    def _jsd(self, f: Tensor) -> tuple[float, float]:
        """JSD(p, f) and its standard error for frequencies f [points + 1], the last of them nowhere."""
        p = torch.cat([self.probabilities, torch.zeros(1, dtype=torch.float64)])
        slopes = torch.where(f > 0, (2 * f / (p + f)).log() / 2, 0.0)  # [points + 1]
        mean = f @ slopes
        variance = (f @ slopes.square() - mean.square()).clamp(min=0)
        return float(jsd(p, f)), float((variance / self.count).sqrt())

    @property
    def metrics(self) -> list[str]:
        return ["total_variation", "jsd_rounded", "on_support", "points_covered"]

    def floor(self) -> dict[str, float]:
        p = self.probabilities
        return {
            "total_variation": float((2 * p * (1 - p) / (pi * self.count)).sqrt().sum()) / 2,
            "jsd_rounded": (int((p > 0).sum()) - 1) / (8 * self.count),
        }

    def protocol(self) -> dict[str, Any]:
        return {"samples": self.count, "tolerance": self.tolerance}
