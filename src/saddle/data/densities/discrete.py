"""Points in the plane with probabilities."""

from typing import Literal

import torch
from PIL import Image
from pydantic import NonNegativeFloat
from torch import Tensor

from saddle.data.densities.atoms import Atoms
from saddle.data.densities.charts import atoms_chart
from saddle.theory.discrete import Discrete


class DiscretePoints(Atoms):
    """x [2] is points[i] with probability probabilities[i].

    A generator of the line or the plane has a density, so its JSD to these data is log 2 however near its samples come
    (Arjovsky and Bottou 2017); metrics therefore compare how often samples are near each point.

    Points are rounded to float32, the precision of samples, so that each sample has the probability of its point.

    Raises:
        ValueError: two points are equal, or the probabilities do not sum to 1.
    """

    name = "discrete"

    def __init__(
        self, *, shape: tuple[Literal[2]], points: list[tuple[float, float]], probabilities: list[NonNegativeFloat]
    ) -> None:
        distribution = Discrete(
            points=torch.tensor(points, dtype=torch.float32),
            probabilities=torch.tensor(probabilities, dtype=torch.float64),
        )
        super().__init__(distribution, shape)

    def render(self, x: Tensor, columns: int) -> Image.Image:
        """The samples over rings around the points, whose area is the probability."""
        return atoms_chart(x, self.distribution.points, self.distribution.probabilities)

    def picture(self, x: Tensor) -> Image.Image:
        return self.render(x[None], columns=1)
