"""Data from a mixture of Gaussians."""

from functools import cached_property
from typing import Any

from PIL import Image
from torch import Tensor

from saddle.data.densities.analytic import AnalyticData
from saddle.data.densities.charts import plane_chart
from saddle.data.disk.imageset import digest_of
from saddle.theory.gaussian_mixture import GaussianMixture


class MixtureData(AnalyticData):
    """Points of a Gaussian mixture, by default in the plane.

    The points of a bounded generator are in [-1, 1]: choose scales such that almost all of P_data is, too.
    """

    kind = "points"
    distribution: GaussianMixture

    @cached_property
    def digest(self) -> str:
        mixture = self.distribution
        return digest_of("mixture", *(part.numpy() for part in (mixture.means, mixture.deviations, mixture.weights)))

    def facts(self) -> dict[str, Any]:
        mixture = self.distribution
        return {
            **super().facts(),
            "modes": mixture.means.tolist(),
            "deviations": mixture.deviations.tolist(),
            "weights": mixture.weights.tolist(),
        }

    def render(self, x: Tensor, columns: int) -> Image.Image:
        """The samples x [count, 2] over contours at e^(-k^2 / 2) of the largest density, k = 1, 2, 3.

        Around an isolated mode of the largest density these are circles of 1, 2 and 3 deviations.
        """
        return plane_chart(x, self.distribution)

    def picture(self, x: Tensor) -> Image.Image:
        return self.render(x[None], columns=1)
