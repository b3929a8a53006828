"""Metrics of samples from a Gaussian mixture."""

from typing import Annotated, Any

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from saddle.metrics.base import PointMetric
from saddle.metrics.modes import coverage
from saddle.metrics.smoothed import SmoothedJSD
from saddle.theory.gaussian_mixture import GaussianMixture


class MixtureMetric(PointMetric):
    """A metric on points of a Gaussian mixture; its floor is what one draw from the mixture itself scores."""

    needs = "points"

    def __init__(self, *, real: GaussianMixture) -> None:
        self.real = real

    def floor(self, count: int) -> dict[str, float]:
        numbers = self.compute(self.real.sample(range(count), 0).to(torch.float32))
        return {name: numbers[name] for name in self.higher_is_better}


class SmoothedDivergence(MixtureMetric):
    """`jsd_smoothed` (`SmoothedJSD`), in nats, and its standard error `jsd_smoothed_error`.

    Args:
        real: P_data.
        smoothing: standard deviation of the noise that smooths both sides, in units of that of the narrowest mode.
    """

    def __init__(self, *, real: GaussianMixture, smoothing: PositiveFloat) -> None:
        super().__init__(real=real)
        self.jsd = SmoothedJSD(real, smoothing * float(real.deviations.min()))

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {"jsd_smoothed": False}

    def settings(self) -> dict[str, Any]:
        return {"sigma": self.jsd.sigma}

    def compute(self, x: Tensor) -> dict[str, float]:
        jsd = self.jsd(x)
        return {"jsd_smoothed": jsd.value, "jsd_smoothed_error": jsd.error}


class ModeCoverage(MixtureMetric):
    """`modes_covered`, a number of modes, and `quality`, the share of samples near to one (`coverage`).

    Args:
        real: P_data.
        deviations: a sample is good within this many standard deviations of its nearest mode.
        least: a mode is covered if its good samples are at least this share of the mode's weight.
    """

    def __init__(
        self, *, real: GaussianMixture, deviations: PositiveFloat, least: Annotated[float, Field(gt=0, le=1)]
    ) -> None:
        super().__init__(real=real)
        self.deviations, self.least = deviations, least

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {"modes_covered": True, "quality": True}

    def compute(self, x: Tensor) -> dict[str, float]:
        covered, quality = coverage(x, self.real, deviations=self.deviations, least=self.least)
        return {"modes_covered": float(covered), "quality": quality}
