"""Gradient ascent: the lecture's argmax, as far as a slope leads to it."""

from pydantic import PositiveFloat
from torch import Tensor

from saddle.search.walk import Noise, Walk


class Ascent(Walk):
    r"""x climbs D from where it starts.

    $$x \leftarrow x + rate \cdot \nabla_x D(x)$$

    It ends at a local maximum, and nothing says that it is the highest: the lecture's "argmax is hard". Without noise
    all walks that start in one basin end at one point, so that negatives and samples have no variety of their own.
    It is `Langevin` at temperature 0.

    Args:
        rate: the move for a slope of 1.
        limit, bounded: as for `Walk`.
    """

    def __init__(self, *, rate: PositiveFloat, limit: PositiveFloat | None, bounded: bool) -> None:
        super().__init__(limit=limit, bounded=bounded)
        self.rate = rate

    def move(self, x: Tensor, slope: Tensor, draw: Noise) -> Tensor:
        return x + self.rate * slope
