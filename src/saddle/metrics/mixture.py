"""Samples against a Gaussian mixture."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.distributed import world
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.modes import coverage
from saddle.metrics.smoothed import SmoothedJSD
from saddle.theory.gaussian_mixture import GaussianMixture


class MixtureEvaluator(SampleEvaluator):
    """`jsd_smoothed` with `jsd_smoothed_error`, `modes_covered` and `quality` of samples.

    Args:
        distribution: P_data.
        count: samples; None is `samples`.
        samples: as many where no number is asked for.
        smoothing: sigma of the smoothed JSD, in deviations of the narrowest mode.
        deviations: within which of its nearest mode a sample is good.
        least: share of its weight, in good samples, with which a mode counts as covered.
    """

    of = "mixture"

    def __init__(
        self,
        *,
        distribution: GaussianMixture,
        count: int | None,
        samples: PositiveInt,
        smoothing: PositiveFloat,
        deviations: PositiveFloat,
        least: Annotated[float, Field(gt=0, le=1)],
    ) -> None:
        self.distribution = distribution
        self.count = samples if count is None else count
        self.deviations, self.least = deviations, least
        self.jsd = SmoothedJSD(distribution, smoothing * float(distribution.deviations.min()))

    def seen(self, x: Tensor) -> Tensor:
        return x

    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        if world.rank():
            return {}
        x = sample(range(self.count)).cpu()
        found = self.jsd(x)
        covered, quality = coverage(x, self.distribution, deviations=self.deviations, least=self.least)
        return {
            "jsd_smoothed": found.value,
            "jsd_smoothed_error": found.error,
            "modes_covered": float(covered),
            "quality": quality,
        }

    @property
    def metrics(self) -> list[str]:
        return ["jsd_smoothed", "modes_covered", "quality"]

    def floor(self) -> dict[str, float]:
        return self._floor

    @cached_property
    def _floor(self) -> dict[str, float]:
        found = self(lambda indices: self.distribution.sample(indices, 0).to(torch.float32))
        return {name: value for name, value in found.items() if name in self.metrics}

    def protocol(self) -> dict[str, Any]:
        return {
            "samples": self.count,
            "sigma": self.jsd.sigma,
            "deviations": self.deviations,
            "least": self.least,
        }
