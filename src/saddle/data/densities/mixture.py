"""Data that are a mixture of Gaussians."""

from functools import cached_property
from typing import Any

from PIL import Image
from torch import Tensor

from saddle.data.densities.analytic import AnalyticData
from saddle.data.densities.charts import plane_chart
from saddle.data.disk.imageset import digest_of
from saddle.theory.gaussian_mixture import GaussianMixture


class Mixture(AnalyticData):
    """Points of a Gaussian mixture; by default in the plane.

    A bounded generator's points lie in [-1, 1]: choose scales such that all but a negligible part of P_data does, too.
    """

    kind = "points"
    distribution: GaussianMixture

    @cached_property
    def digest(self) -> str:
        known = self.distribution
        return digest_of("mixture", *(part.numpy() for part in (known.means, known.deviations, known.weights)))

    def facts(self) -> dict[str, Any]:
        known = self.distribution
        return {
            **super().facts(),
            "modes": known.means.tolist(),
            "deviations": known.deviations.tolist(),
            "weights": known.weights.tolist(),
        }

    def render(self, x: Tensor, columns: int) -> Image.Image:
        """The samples x [count, 2] over lines of equal density, where it is e^(-k^2 / 2) of its largest, k = 1, 2, 3.

        About a mode that is alone and as high as any these are circles of 1, 2 and 3 deviations.
        """
        return plane_chart(x, self.distribution)

    def picture(self, x: Tensor) -> Image.Image:
        return self.render(x[None], columns=1)
