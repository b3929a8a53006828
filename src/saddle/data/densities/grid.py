"""Gaussians on a square lattice."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from saddle.data.densities.mixture import MixtureData
from saddle.theory.arrangements import grid


class Grid(MixtureData):
    """side x side Gaussians of equal deviations and weights in the plane, `spacing` apart, around the origin.

    The second common test of mode coverage (Srivastava et al. 2017; Lin et al. 2018), here within [-1, 1].
    """

    name = "grid"

    def __init__(
        self, *, shape: tuple[Literal[2]], side: PositiveInt, spacing: PositiveFloat, deviation: PositiveFloat
    ) -> None:
        super().__init__(grid(side=side, spacing=spacing, deviation=deviation), shape)
