"""Gaussians on a square lattice."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from saddle.data.densities.mixture import Mixture
from saddle.theory.arrangements import grid


class Grid(Mixture):
    """side x side Gaussians of one deviation and one weight in the plane, `spacing` apart, about the origin.

    The second usual test of mode coverage (Srivastava et al. 2017; Lin et al. 2018), here within [-1, 1].
    """

    name = "grid"

    def __init__(
        self, *, shape: tuple[Literal[2]], side: PositiveInt, spacing: PositiveFloat, deviation: PositiveFloat
    ) -> None:
        super().__init__(grid(side=side, spacing=spacing, deviation=deviation), shape)
