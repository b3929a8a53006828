"""Gaussians on a ring."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from saddle.data.densities.mixture import MixtureData
from saddle.theory.arrangements import ring


class Ring(MixtureData):
    """`modes` Gaussians of equal deviations and weights on a circle of `radius` in the plane.

    The common test of mode coverage (Metz et al. 2017; Srivastava et al. 2017), here within [-1, 1].
    """

    name = "ring"

    def __init__(
        self, *, shape: tuple[Literal[2]], modes: PositiveInt, radius: PositiveFloat, deviation: PositiveFloat
    ) -> None:
        super().__init__(ring(count=modes, radius=radius, deviation=deviation), shape)
