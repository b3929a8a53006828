"""Gaussians on a ring."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from saddle.data.densities.mixture import Mixture
from saddle.theory.arrangements import ring


class Ring(Mixture):
    """`modes` Gaussians of one deviation and one weight on a circle of `radius` in the plane.

    The usual test of mode coverage (Metz et al. 2017; Srivastava et al. 2017), here within [-1, 1].
    """

    name = "ring"

    def __init__(
        self, *, shape: tuple[Literal[2]], modes: PositiveInt, radius: PositiveFloat, deviation: PositiveFloat
    ) -> None:
        super().__init__(ring(count=modes, radius=radius, deviation=deviation), shape)
