"""Metrics on the Gaussian that is fitted to features: their Frechet distance and their variance."""

from math import nan

import numpy as np
from torch import Tensor

from saddle.metrics.base import FeatureMetric
from saddle.metrics.frechet import GaussianFit, frechet_distance, frechet_distance_of


class FrechetDistance(FeatureMetric):
    """`frechet_distance` between generated and real images: `fid` on Inception's features, else `fd_<extractor>`.

    Its floor is the distance of one half of the reference to the other, about what perfect samples would score. Each
    side then has half as many images as in an evaluation, so the floor is a little too high.
    """

    fewest = 2

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {self.real.extractor.frechet_name: False}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        return {self.real.extractor.frechet_name: frechet_distance_of(self.real.gaussian, features)}

    def floor(self, count: int) -> dict[str, float]:
        return {self.real.extractor.frechet_name: float(self.real.cached("floor", self._between_halves)["floor"])}

    def _between_halves(self) -> dict[str, np.ndarray]:
        halves = [GaussianFit.fitted(self.real.values[half]) for half in self.real.halves()]
        return {"floor": np.array(frechet_distance(*halves))}


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
