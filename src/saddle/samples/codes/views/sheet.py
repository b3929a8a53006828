"""Rows of samples as one picture, with words beside and above them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from saddle.data.base import Data
from saddle.data.pixels import grid, to_uint8

TILE, GAP, MARGIN = 64, 2, 10
SIZE = 13
"""Of the letters, in pixels."""
LINE = 17


@dataclass(frozen=True)
class Row:
    """Samples [columns, *shape] and what they are, in one line or several."""

    words: str
    samples: Tensor


def sheet(data: Data, title: str, heads: Sequence[str], rows: Sequence[Row], group: int) -> Image.Image:
    """The rows below one another under the column heads; where x is no image, all samples in the data's own chart.

    Args:
        data: whose x they are.
        title: above it all; may have several lines.
        heads: of the columns.
        rows: each with as many samples as there are heads.
        group: columns that belong together, a gap after each group.
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
    for place, head in enumerate(heads):
        left = words + place // group * (strips[0][0].width + MARGIN) + GAP + place % group * tile
        draw.text((left + (tile - GAP) / 2, top), head, fill="black", font=_font(), anchor="ma")
    for number, (row, parts) in enumerate(zip(rows, strips, strict=True)):
        at, left = top + LINE + number * height, words
        _write(draw, (MARGIN, at + (height - LINE * len(row.words.splitlines())) // 2), row.words)
        for part in parts:
            picture.paste(part, (left, at))
            left += part.width + MARGIN
    return picture


def charts(data: Data, title: str, rows: Sequence[Row]) -> Image.Image:
    """One chart of the samples of each row, with the row's words above it; at most three side by side."""
    made = [data.render(row.samples, columns=len(row.samples)).convert("RGB") for row in rows]
    across = min(3, len(made))
    wide, high = made[0].width, made[0].height + 2 * LINE
    top = MARGIN + LINE * len(title.splitlines()) + MARGIN
    picture = Image.new("RGB", (max(across * wide, _width(title)), top + -(-len(made) // across) * high), "white")
    draw = ImageDraw.Draw(picture)
    _write(draw, (MARGIN, MARGIN), title)
    for number, (row, chart) in enumerate(zip(rows, made, strict=True)):
        left, at = number % across * wide, top + number // across * high
        _write(draw, (left + MARGIN, at), " ".join(row.words.splitlines()))
        picture.paste(chart, (left, at + LINE + 4))
    return picture


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str) -> None:
    for number, line in enumerate(text.splitlines()):
        draw.text((place[0], place[1] + LINE * number), line, fill="black", font=_font())


def _width(text: str) -> int:
    return max((int(_font().getlength(line)) for line in text.splitlines()), default=0)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(SIZE)
