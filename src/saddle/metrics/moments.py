"""Metrics on the Gaussian that is fitted to features: their Frechet distance and their variance."""

from math import nan
from typing import Any

from torch import Tensor

from saddle.metrics import floor
from saddle.metrics.base import FeatureMetric
from saddle.metrics.frechet import frechet_distance_of


class FrechetDistance(FeatureMetric):
    """`frechet_distance` between generated and real images: `fid` on Inception's features, else `fd_<extractor>`.

    Its floor is what perfect samples measure with as many images on both sides as an evaluation has (`frechet_floor`).
    """

    fewest = 2

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {self.real.extractor.frechet_name: False}

    def settings(self) -> dict[str, Any]:
        return {"floor": floor.METHOD}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        return {self.real.extractor.frechet_name: frechet_distance_of(self.real.gaussian, features)}

    def floor(self, count: int) -> dict[str, float]:
        name, real = self.real.extractor.frechet_name, self.real.reference.count
        if real < floor.FEWEST:
            return {}
        distances = self.real.cached("splits", lambda: floor.split_distances(self.real.values))
        value, error = floor.frechet_floor(**distances, sizes=(count, real))
        return {name: value, f"{name}_error": error}


class Diversity(FeatureMetric):
    """`diversity_<extractor>` = tr S_g / tr S_r, the total variance of generated features over that of real ones.

    Near 0 where the generator has collapsed to few images, 1 where its images vary as much as the real ones do. NaN
    where all real images are equal.
    """

    fewest = 2

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {f"diversity_{self.real.extractor.name}": True}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        variance, real = float(features.double().var(dim=0).sum()), self.real.gaussian.variance
        return {f"diversity_{self.real.extractor.name}": variance / real if real else nan}
