"""Random negatives."""

from pydantic import PositiveInt
from torch import Tensor

from saddle.search.base import Draw, Find, Negatives


class Random(Negatives):
    """x uniform on [-1, 1]: D learns to distinguish the data from noise, and nothing about images between the two.

    The lecture's objection (I.3): "a D that was trained so may give realistic fakes a high score".

    Args:
        shape: shape of x.
    """

    def __init__(self, *, shape: list[PositiveInt]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, step: int, find: Find, draw: Draw) -> Tensor:
        return draw("negatives", self.shape, "uniform")
