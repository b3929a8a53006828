"""The figures of a comparison: every column against updates and against nominal seconds."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import matplotlib as mpl
from matplotlib.figure import Figure

from saddle.report import values_figure
from saddle.report.comparison import Comparison
from saddle.report.cost import SWEEP
from saddle.report.curves import Curve, curves_of
from saddle.report.curves_figure import Abscissa, draw
from saddle.report.protocol import Column
from saddle.report.style import MOST, styles_of
from saddle.report.text import number, wrapped


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure of one column, the name of its files, and its description for readers who do not see it."""

    column: Column
    name: str
    figure: Figure
    alt: str


def curve_figures(comparison: Comparison) -> Iterator[Drawn]:
    """Each column against updates and against nominal seconds, where it can be drawn."""
    styles = styles_of(_ranked(comparison))
    for column in comparison.columns:
        curves = curves_of(comparison.settings, column)
        up = f"{column.name}, {'larger' if column.higher else 'smaller'} is better"
        for key, across in _abscissas(comparison).items():
            drawn = [curve for curve in curves if curve.setting in across.scale]
            if any(_is_line(curve) for curve in drawn):
                figure = draw(drawn, styles, across, up, column.floors)
                name = f"curves-{_file_name(column)}-{key}"
                yield Drawn(column=column, name=name, figure=figure, alt=_alt(column, across, drawn))


def value_figures(comparison: Comparison) -> Iterator[Drawn]:
    """The last values of the settings in each leading column, if there are several settings."""
    for column in comparison.leads:
        names = [setting.name for setting in comparison.settings]
        values = {name: comparison.last.get((name, column.name)) for name in names}
        known = {name: one for name, one in values.items() if one is not None}
        if 1 < len(values) <= values_figure.MOST and any(math.isfinite(one.mean) for one in known.values()):
            bounds = any(one.bounds for one in known.values())
            seeds = "mean and 95% interval over the seeds" if bounds else "one seed: no interval"
            better = "larger" if column.higher else "smaller"
            label = f"{wrapped(column.name, values_figure.LONGEST)}, {better} is better\nlast value: {seeds}"
            figure = values_figure.draw(
                values, styles_of(_ranked(comparison)), comparison.baseline, label, column.higher
            )
            alt = "; ".join(f"{name} {number(one.mean)}" for name, one in known.items())
            yield Drawn(column=column, name=f"values-{_file_name(column)}", figure=figure, alt=alt)


def _file_name(column: Column) -> str:
    """`fd_faces-A` for the column `fd_faces (A)`."""
    return column.name.replace(" (", "-").replace(")", "")


def _is_line(curve: Curve) -> bool:
    return len(curve.points) > 1 or any(len(values) > 1 for values in curve.unfinished)


def svg(figure: Figure) -> str:
    """The figure as SVG."""
    file = io.BytesIO()
    save(figure, file, "svg")
    return file.getvalue().decode()


def save(figure: Figure, file: IO[bytes], kind: str) -> None:
    """Write a figure as `png`, `svg` or `pdf`, with text as text; the same figure gives the same bytes."""
    dates = {"svg": "Date", "pdf": "CreationDate"}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "saddle", "pdf.fonttype": 42}):
        figure.savefig(file, format=kind, metadata={dates[kind]: None} if kind in dates else None)


def _abscissas(comparison: Comparison) -> dict[str, Abscissa]:
    seconds = {name: value for name, value in comparison.costs.seconds.items() if value is not None}
    source = "measured in this sweep" if comparison.costs.source == SWEEP else "of the bench"
    return {
        "updates": Abscissa(label="updates", scale={setting.name: 1.0 for setting in comparison.settings}),
        "seconds": Abscissa(label=f"nominal seconds ({source})", scale=seconds),
    }


def _ranked(comparison: Comparison) -> list[str]:
    """All settings in their order if each can have a style, else the baseline and then the best of the first column."""
    names = [setting.name for setting in comparison.settings]
    if len(names) <= MOST or not comparison.columns:
        return names
    column = comparison.columns[0]
    sign = -1 if column.higher else 1
    values = {name: comparison.last[name, column.name].mean for name in names if (name, column.name) in comparison.last}
    ranked = sorted(values, key=lambda name: sign * values[name])
    return [comparison.baseline, *(name for name in ranked if name != comparison.baseline)]


def _alt(column: Column, across: Abscissa, curves: list[Curve]) -> str:
    ends = [(curve.setting, list(curve.points.values())[-1].mean) for curve in curves if curve.points][:MOST]
    means = "; ".join(f"{name} ends at {number(value)}" for name, value in ends)
    return f"{column.name} against {across.label}. {means}"
