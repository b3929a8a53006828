"""Bars and stripes: images so small that all of them can be enumerated."""

from typing import Annotated, Literal

from PIL import Image
from pydantic import Field
from torch import Tensor

from saddle.data.densities.atoms import Atoms
from saddle.data.pixels import grid, to_uint8
from saddle.theory.bars_and_stripes import bars_and_stripes

Side = Annotated[int, Field(ge=1, le=10)]


class BarsAndStripes(Atoms):
    """Binary images x [1, side, side] in {-1, 1} whose rows, or whose columns, are each of one colour (MacKay 2003).

    They are pictures but not `Images`: there is no finite set to hold images out of, and the frequencies of the 30
    patterns of 4 x 4 can be compared directly instead of their features.

    Args:
        shape: [1, side, side].

    Raises:
        ValueError: the shape is not [1, side, side].
    """

    name = "bars_and_stripes"
    shown = 64
    black_and_white = True

    def __init__(self, *, shape: tuple[Literal[1], Side, Side]) -> None:
        channels, height, width = shape
        if channels != 1 or height != width:
            raise ValueError(f"data=bars_and_stripes has grey square images, shape [1, s, s], not {list(shape)}")
        super().__init__(bars_and_stripes(height), shape)

    def render(self, x: Tensor, columns: int) -> Image.Image:
        return grid(to_uint8(x), columns)

    def picture(self, x: Tensor) -> Image.Image:
        return grid(to_uint8(x[None]), columns=1, smallest=1, gap=0)
