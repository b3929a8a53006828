"""A Gaussian mixture on the line."""

from typing import Literal

from PIL import Image
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor

from saddle.data.densities.charts import line_chart
from saddle.data.densities.mixture import MixtureData
from saddle.theory.arrangements import line


class Mixture1D(MixtureData):
    """p(x) = sum_i weights_i N(x; means_i, deviations_i^2), x [1].

    Args:
        means, deviations, weights: lists with one number for each component; the weights sum to 1.

    Raises:
        ValueError: their numbers differ, or they do not define a mixture.
    """

    name = "mixture_1d"

    def __init__(
        self,
        *,
        shape: tuple[Literal[1]],
        means: list[float],
        deviations: list[PositiveFloat],
        weights: list[NonNegativeFloat],
    ) -> None:
        super().__init__(line(means=means, deviations=deviations, weights=weights), shape)

    def render(self, x: Tensor, columns: int) -> Image.Image:
        """The target's density with a stroke below it for each sample, and both distribution functions."""
        return line_chart(x, self.distribution)
