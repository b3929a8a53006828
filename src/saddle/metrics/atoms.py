"""The metric of samples from a distribution over points that can be listed, its atoms."""

from math import pi

import torch
from pydantic import PositiveFloat
from torch import Tensor

from saddle.metrics.base import PointMetric
from saddle.theory.discrete import Discrete
from saddle.theory.divergences import jsd


class AtomFrequencies(PointMetric):
    r"""Distances between P_data and the frequencies with which samples come near to each atom, and `on_support`.

    $$TV = \tfrac12 \left( \sum_i |f_i - p_i| + f_{nowhere} \right)$$

    A sample counts as atom i if no coordinate differs from it by more than `tolerance`, and as nowhere if this holds
    for no atom; `on_support` = 1 - f_nowhere. `points_covered` is the number of atoms near to which at least p_i / 2 of
    the samples come.

    `jsd_rounded`, in nats, is JSD(p, f) over the atoms and nowhere. Rounding is a channel, so in the limit of many
    samples it is at most the JSD. The JSD itself says nothing here: it is log 2 for every G with a density, however
    near its samples come, and the best D is the one that is certain everywhere. (Therefore no distance to it is
    measured.) From n samples the value is too large by sum_i p_i (1 - f_i) / (p_i + f_i) / (4 n), to the order 1 / n:
    the second derivative of the JSD in f_i, p_i / (2 f_i (p_i + f_i)), times half of the variance of f_i.
    `jsd_rounded_error` is its standard error, by the first derivative log(f_i / m_i) / 2, m = (p + f) / 2.

    The floors are what n samples of P_data score on average, which is not 0: for the total variation
    1/2 sum_i sqrt(2 p_i (1 - p_i) / (pi n)), by the normal approximation of each count, and for the JSD the excess
    above, (atoms - 1) / (8 n).

    Args:
        real: P_data.
        tolerance: in units of x.

    Raises:
        ValueError: two atoms are so near to one another that a sample could count as both.
    """

    needs = "atoms"

    def __init__(self, *, real: Discrete, tolerance: PositiveFloat) -> None:
        self.points = real.points.flatten(1)  # [atoms, size]
        self.probabilities = real.probabilities
        self.tolerance = tolerance
        apart = torch.cdist(self.points, self.points, p=torch.inf).fill_diagonal_(torch.inf).min()
        if apart <= 2 * tolerance:
            raise ValueError(
                f"evaluator.metrics.frequencies.tolerance={tolerance}: two points of the data differ by no more than "
                f"{apart:.3g}, and a sample could count as both; set it below half of that"
            )

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {"total_variation": False, "jsd_rounded": False, "on_support": True, "points_covered": True}

    def compute(self, x: Tensor) -> dict[str, float]:
        count = len(x)
        distances, nearest = torch.cdist(x.double().flatten(1), self.points, p=torch.inf).min(1)  # [count] each
        near = distances <= self.tolerance
        frequencies = torch.bincount(nearest[near], minlength=len(self.points)).double() / count
        on_support = float(near.double().mean())
        f = torch.cat([frequencies, 1 - frequencies.sum(0, keepdim=True)]).clamp(min=0)
        rounded, error = self._jsd(f, count)
        return {
            "total_variation": float((frequencies - self.probabilities).abs().sum() + 1 - on_support) / 2,
            "jsd_rounded": rounded,
            "jsd_rounded_error": error,
            "on_support": on_support,
            "points_covered": float(self._covered(frequencies).sum()),
        }

    def floor(self, count: int) -> dict[str, float]:
        p = self.probabilities
        return {
            "total_variation": float((2 * p * (1 - p) / (pi * count)).sqrt().sum()) / 2,
            "jsd_rounded": (int((p > 0).sum()) - 1) / (8 * count),
        }

    def _covered(self, frequencies: Tensor) -> Tensor:
        """Which atoms are covered, [atoms]; none of probability 0, to which no sample has to come."""
        return (frequencies >= self.probabilities / 2) & (self.probabilities > 0)

    def _jsd(self, f: Tensor, count: int) -> tuple[float, float]:
        """JSD(p, f) and its standard error for the frequencies f [atoms + 1] of `count` samples, nowhere last."""
        p = torch.cat([self.probabilities, torch.zeros(1, dtype=torch.float64)])
        slopes = torch.where(f > 0, (2 * f / (p + f)).log() / 2, 0.0)  # [atoms + 1]
        mean = f @ slopes
        variance = (f @ slopes.square() - mean.square()).clamp(min=0)
        return float(jsd(p, f)), float((variance / count).sqrt())
