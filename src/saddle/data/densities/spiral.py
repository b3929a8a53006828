"""Gaussians along a spiral."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from saddle.data.densities.mixture import MixtureData
from saddle.theory.arrangements import spiral


class Spiral(MixtureData):
    """`modes` equal Gaussians along an Archimedean spiral from near the origin to `radius`."""

    name = "spiral"

    def __init__(
        self,
        *,
        shape: tuple[Literal[2]],
        modes: PositiveInt,
        turns: PositiveFloat,
        radius: PositiveFloat,
        deviation: PositiveFloat,
    ) -> None:
        super().__init__(spiral(count=modes, turns=turns, radius=radius, deviation=deviation), shape)
