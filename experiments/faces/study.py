"""Faces through time: what the same codes become after 100, 1,000, ... 50,000 updates.

    make study NAME=faces                                     one core: 70 minutes, in as many pieces as wanted
    make study NAME=faces ARGS="run=runs/faces"               seconds: draws what is there, of a run that goes on too
    make study NAME=faces ARGS="resolution=64 name=larger out=experiments/faces/larger"     64 x 64: three hours on two

Trains conf/experiment/faces.yaml, the default game. Ctrl-C ends a piece, the same command goes on where it was. Writes
results.json, the table of README.md, faces.png (a row for each code, a column for each time that has been reached) and
curve.png (fd_faces of every evaluation).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from saddle_studies.study import Study

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from PIL import Image, ImageDraw, ImageFont

from saddle.engine.stored import read_config

TIMES = (100, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
"""Those of the lecture (000 I.1.5)."""
CODES = 10
TILE, GAP = 64, 2
"""Smallest side of an image in a grid, and what is between two."""
METRIC = "fd_faces"


def main() -> None:
    """Train, or read what is there; draw."""
    study = Study(__file__, sys.argv, __doc__ or "", own=("run",))
    run = study.runs()[0]
    curve = {int(line["updates"]): line[METRIC] for line in run.metrics() if METRIC in line}
    grids = {int(path.stem): path for path in run.grids()}
    times = [time for time in TIMES if time in grids] or list(grids)[-1:]
    if not times:
        sys.exit(f"error: {run.path} has drawn nothing yet")
    result = {"run": run.job, "reached": max(grids), "at": {time: curve.get(time) for time in times}, "curve": curve}
    study.numbers(result)
    study.table("results", ["updates", *(f"{time:,}" for time in times)], [["`fd_faces`", *_distances(curve, times)]])
    shape = read_config(run).data.shape
    study.picture("faces", _sheet([_tiles(grids[time], int(shape[1])) for time in times], times, curve))
    study.figure("curve", _drawn(curve, times))


def _distances(curve: dict[int, float], times: Sequence[int]) -> list[str]:
    """Where it was measured."""
    return [f"{curve[time]:.3g}" if time in curve else "" for time in times]


def _tiles(grid: Path, side: int) -> list[Image.Image]:
    """The first CODES images of a grid, which `saddle.data.pixels.grid` has made."""
    with Image.open(grid) as opened:
        picture = np.asarray(opened.convert("RGB"))
    tile = -(-TILE // side) * side
    columns = (picture.shape[1] - GAP) // (tile + GAP)
    corners = [(GAP + i // columns * (tile + GAP), GAP + i % columns * (tile + GAP)) for i in range(CODES)]
    return [Image.fromarray(picture[y : y + tile, x : x + tile]) for y, x in corners if y < picture.shape[0] - GAP]


def _sheet(columns: Sequence[Sequence[Image.Image]], times: Sequence[int], curve: dict[int, float]) -> Image.Image:
    """A column for each time, its updates and its distance above it."""
    side, font = columns[0][0].width, ImageFont.load_default(13)
    width, top = max(side, 84) + 8, 44
    sheet = Image.new("RGB", (len(columns) * width + 8, top + len(columns[0]) * (side + GAP) + 6), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (tiles, time, distance) in enumerate(zip(columns, times, _distances(curve, times), strict=True)):
        middle = 8 + place * width + (width - 8) // 2
        pen.text((middle, 6), f"{time:,}", fill="black", font=font, anchor="ma")
        pen.text((middle, 23), f"fd {distance}" if distance else "", fill="black", font=font, anchor="ma")
        for row, tile in enumerate(tiles):
            sheet.paste(tile, (middle - side // 2, top + row * (side + GAP)))
    return sheet


def _drawn(curve: dict[int, float], times: Sequence[int]) -> Figure:
    """Distance against updates, from the first evaluation of a G that has learned."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.add_subplot()
    points = [(time, value) for time, value in curve.items() if time]
    if points:
        axes.plot(*zip(*points, strict=True), color="#0072B2", marker="o", markersize=2.5, linewidth=1)
        axes.set(xscale="log", yscale="log")
        for axis, places in ((axes.xaxis, (1, 2, 5)), (axes.yaxis, (1, 1.5, 2, 3, 4, 5, 6, 8))):
            axis.set_major_locator(LogLocator(subs=places))
            axis.set_major_formatter("{x:,g}")
            axis.set_minor_formatter("")
    for time in times:
        axes.axvline(time, color="0.85", linewidth=1, zorder=0)
    axes.set(xlabel="updates (grey: those of the picture)", ylabel=f"{METRIC} (smaller is better)")
    return figure


if __name__ == "__main__":
    main()
