"""Every loss, paired by seed with the default: which differences are real?

    make study NAME=losses        two cores: half an hour; goes on where it was broken off

Trains conf/experiment/losses.yaml, and writes the table of README.md, differences.png and grids.png. Where the default
is not among the losses (`ARGS="loss=hinge,rpgan"`), the first of them is what the others are compared with.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from saddle_studies.figures.sheet import COLOURS, sheet
from saddle_studies.study import Study

from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from saddle.report.comparison import Comparison, read_comparison
from saddle.report.protocol import Column
from saddle.report.results import difference_sheet
from saddle.report.run import RunRecord
from saddle.report.text import number
from saddle.runs.sweep import runs_of

BASELINE = "loss-nonsaturating"
SHOWN = 4
"""Rows and columns of each grid."""


def main() -> None:
    """Train, compare, draw, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    folder = study.finished()[0].path.parent
    comparison = _compared(folder)
    column = comparison.columns[0]  # the metric that training is judged by
    study.numbers({setting.name: _values(comparison, column, setting.name) for setting in comparison.settings})
    study.table("differences", *_table(comparison, column))
    study.figure("differences", _figure(comparison, column))
    if tiles := _tiles(comparison, column):
        study.picture("grids", _sheet(tiles))


def _compared(folder: Path) -> Comparison:
    """With the default, or with the first loss of a sweep that left the default out."""
    runs = runs_of(folder)
    comparison = read_comparison(folder, runs, None, None)
    named = {setting.name for setting in comparison.settings}
    return read_comparison(folder, runs, None, BASELINE) if BASELINE in named else comparison


def _values(comparison: Comparison, column: Column, name: str) -> dict[str, float]:
    """Seed -> last value of its finished run."""
    setting = next(setting for setting in comparison.settings if setting.name == name)
    return {seed: run.results[column.metric]["last"] for seed, run in sorted(setting.seeds.items())}


def _table(comparison: Comparison, column: Column) -> tuple[Sequence[str], list[list[str]]]:
    """Best first: each seed, the difference with its interval, and what can be said of it."""
    said = {str(row[0].text): row for row in difference_sheet(comparison, column).rows}
    rows = []
    for name in _ordered(comparison, column):
        seeds = " / ".join(number(value) for value in _values(comparison, column, name).values()) or "failed"
        _, _, mean, interval, p, adjusted, verdict = said.get(name, [None] * 7)
        cells = [cell.text if cell else "" for cell in (mean, interval, p, adjusted)]
        rows.append([f"`{_loss(name)}`", seeds, *cells, verdict.text if verdict else "the baseline"])
    header = ["loss", f"{column.name} of each seed", "difference", "95% interval", "p", "p, Holm", "is it real?"]
    return header, rows


def _figure(comparison: Comparison, column: Column) -> Figure:
    """Differences to the baseline with their intervals, one above the other."""
    figure, (axes,) = sheet(panels=1, side_by_side=True)
    figure.set_size_inches(7, 4.2)
    names = [name for name in _ordered(comparison, column) if name != comparison.baseline][::-1]
    by_name = {one.setting: one for one in comparison.differences[column.name]}
    base = _values(comparison, column, comparison.baseline)
    for height, name in enumerate(names):
        one = by_name[name]
        if one.interval is None:
            continue
        own = _values(comparison, column, name)
        real = one.adjusted is not None and one.adjusted < 0.05
        colour = COLOURS[1 if real else 0]
        if one.interval.bounds:
            axes.plot(one.interval.bounds, [height, height], color=colour, linewidth=2)
        axes.plot([own[seed] - base[seed] for seed in base if seed in own], [height] * len(own), ".", color="#888888")
        axes.plot(one.interval.mean, height, "o", color=colour, markersize=5)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), [_loss(name) for name in names], fontsize=8)
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlabel(
        f"{column.name} minus that of {_loss(comparison.baseline)}, the same seed (right: worse)", fontsize=8
    )
    return figure


def _tiles(comparison: Comparison, column: Column) -> list[tuple[str, Image.Image]]:
    """Each loss with the first samples of its first seed that drew any, at the end of that run."""
    drawn = {setting.name: next((run for run in setting.runs if run.grids), None) for setting in comparison.settings}
    return [(_loss(name), _last_grid(run)) for name in _ordered(comparison, column) if (run := drawn[name])]


def _sheet(tiles: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """The grids side by side, each below its name."""
    across = 7
    width, height = tiles[0][1].size
    sheet_of = Image.new("RGB", (across * (width + 10), -(-len(tiles) // across) * (height + 26)), "white")
    pen = ImageDraw.Draw(sheet_of)
    for place, (name, tile) in enumerate(tiles):
        left, top = place % across * (width + 10), place // across * (height + 26)
        pen.text((left, top + 4), name, fill="black", font_size=12)
        sheet_of.paste(tile, (left, top + 22))
    return sheet_of


def _last_grid(run: RunRecord) -> Image.Image:
    grid = Image.open(run.grids[max(run.grids)]).convert("RGB")
    side = round(grid.width * SHOWN / 8)
    return grid.crop((0, 0, side, side))


def _ordered(comparison: Comparison, column: Column) -> list[str]:
    """Settings, the best first."""
    means = {setting.name: comparison.last.get((setting.name, column.name)) for setting in comparison.settings}
    return sorted(means, key=lambda name: interval.mean if (interval := means[name]) else float("inf"))


def _loss(name: str) -> str:
    return name.removeprefix("loss-")


if __name__ == "__main__":
    main()
