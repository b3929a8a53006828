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


class AtomsEvaluator(SampleEvaluator):
    r"""`total_variation` of the frequencies with which samples come near to each point, and `on_support`.

    $$TV = \tfrac12 \left( \sum_i |f_i - p_i| + f_{nowhere} \right)$$

    A sample counts as point i where it differs by no more than `tolerance` in any coordinate, and as nowhere if that is
    so of none; `on_support` = 1 - f_nowhere. `points_covered` are those that at least half of p_i of the samples come
    to.

    The floor of the total variation is what n samples of P_data have on average, which is not 0:
    1/2 sum_i sqrt(2 p_i (1 - p_i) / (pi n)), by the normal approximation of each count.

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
        return {
            "total_variation": float((frequencies - self.probabilities).abs().sum() + 1 - on_support) / 2,
            "on_support": on_support,
            "points_covered": float((frequencies >= self.probabilities / 2).sum()),
        }

    @property
    def metrics(self) -> list[str]:
        return ["total_variation", "on_support", "points_covered"]

    def floor(self) -> dict[str, float]:
        p = self.probabilities
        return {"total_variation": float((2 * p * (1 - p) / (pi * self.count)).sqrt().sum()) / 2}

    def protocol(self) -> dict[str, Any]:
        return {"samples": self.count, "tolerance": self.tolerance}
