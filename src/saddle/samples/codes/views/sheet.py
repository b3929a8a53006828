"""Rows of samples as one labelled picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from saddle.data.base import Data
from saddle.data.pixels import grid, to_uint8

TILE, GAP, MARGIN = 64, 2, 10
SIZE = 13
"""Font size in pixels."""
LINE = 17


@dataclass(frozen=True)
class Row:
    """Samples [columns, *shape] and their label of one or several lines."""

    words: str
    samples: Tensor


def sheet(data: Data, title: str, heads: Sequence[str], rows: Sequence[Row], group: int) -> Image.Image:
    """The rows below one another under the column heads; if x is no image, one chart for each row.

    Args:
        data: data of the samples.
        title: title of one or several lines.
        heads: heads of the columns.
        rows: rows with as many samples as heads.
        group: number of columns in a group; a gap follows each group.
    """
    if len(data.shape) != 3:
        return charts(data, title, rows)
    strips = [
        [grid(to_uint8(part), len(part), TILE, GAP).convert("RGB") for part in row.samples.split(group)] for row in rows
    ]
    words = max(_width(row.words) for row in rows) + 2 * MARGIN
    width = words + sum(part.width + MARGIN for part in strips[0])
    width = max(width, max(map(_width, title.splitlines())) + 2 * MARGIN)
    top = MARGIN + LINE * len(title.splitlines()) + MARGIN // 2
    height = strips[0][0].height
    picture = Image.new("RGB", (width, top + LINE + height * len(rows) + MARGIN), "white")
    draw = ImageDraw.Draw(picture)
    _write(draw, (MARGIN, MARGIN), title)
    tile = (strips[0][0].width - GAP) // min(group, len(heads))
    for column, head in enumerate(heads):
        left = words + column // group * (strips[0][0].width + MARGIN) + GAP + column % group * tile
        draw.text((left + (tile - GAP) / 2, top), head, fill="black", font=_font(), anchor="ma")
    for number, (row, parts) in enumerate(zip(rows, strips, strict=True)):
        row_top, left = top + LINE + number * height, words
        _write(draw, (MARGIN, row_top + (height - LINE * len(row.words.splitlines())) // 2), row.words)
        for part in parts:
            picture.paste(part, (left, row_top))
            left += part.width + MARGIN
    return picture


def charts(data: Data, title: str, rows: Sequence[Row]) -> Image.Image:
    """One chart of the samples of each row under the row's label; at most three side by side."""
    charts = [data.render(row.samples, columns=len(row.samples)).convert("RGB") for row in rows]
    across = min(3, len(charts))
    wide, high = charts[0].width, charts[0].height + 2 * LINE
    top = MARGIN + LINE * len(title.splitlines()) + MARGIN
    picture = Image.new("RGB", (max(across * wide, _width(title)), top + -(-len(charts) // across) * high), "white")
    draw = ImageDraw.Draw(picture)
    _write(draw, (MARGIN, MARGIN), title)
    for number, (row, chart) in enumerate(zip(rows, charts, strict=True)):
        left, row_top = number % across * wide, top + number // across * high
        _write(draw, (left + MARGIN, row_top), " ".join(row.words.splitlines()))
        picture.paste(chart, (left, row_top + LINE + 4))
    return picture


def _write(draw: ImageDraw.ImageDraw, position: tuple[int, int], text: str) -> None:
    for number, line in enumerate(text.splitlines()):
        draw.text((position[0], position[1] + LINE * number), line, fill="black", font=_font())


def _width(text: str) -> int:
    return max((int(_font().getlength(line)) for line in text.splitlines()), default=0)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(SIZE)
