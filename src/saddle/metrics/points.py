"""The evaluation of points whose distribution is known."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import PositiveInt
from torch import Tensor

from saddle.distributed import world
from saddle.metrics.base import Metric, PointMetric, SampleEvaluator, bound, computed, settings_of
from saddle.theory.discrete import Discrete
from saddle.theory.gaussian_mixture import GaussianMixture


class PointEvaluator(SampleEvaluator):
    """Measures samples x against the distribution P_data, in the first process.

    Args:
        metrics: metrics on points, by option.
        distribution: P_data.
        count: number of samples; None is `samples`.
        samples: number of samples where `count` is None.
    """

    def __init__(
        self,
        *,
        metrics: Mapping[str, partial[Metric]],
        distribution: GaussianMixture | Discrete,
        count: int | None,
        samples: PositiveInt,
    ) -> None:
        self.count = samples if count is None else count
        needs = "atoms" if isinstance(distribution, Discrete) else "points"
        self._metrics: dict[str, PointMetric] = bound(metrics, [needs], distribution)
        self.metrics: list[PointMetric] = list(self._metrics.values())
        self._require_names()

    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        if world.rank():
            return {}
        x = sample(range(self.count)).cpu()  # [count, *shape]
        numbers: dict[str, float] = {}
        for metric in self.metrics:
            numbers |= computed(metric, metric.compute(x))
        return numbers

    def protocol(self) -> dict[str, Any]:
        return {"samples": self.count, **settings_of(self._metrics)}
