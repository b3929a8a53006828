"""The figures of a comparison: every column against updates and against nominal seconds."""

import io
import math
from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.figure import Figure

from saddle.report import values_figure
from saddle.report.compared import Comparison
from saddle.report.cost import SWEEP
from saddle.report.curves import Curve, curves_of
from saddle.report.curves_figure import MOST, Axis, draw, looks
from saddle.report.protocol import Column
from saddle.report.text import number


def figures(found: Comparison) -> Iterator[tuple[Column, str, Figure, str]]:
    """Column, `updates` or `seconds`, figure and its words, for all that can be drawn."""
    styles = looks(_ranked(found))
    for column in found.columns:
        curves = curves_of(found.settings, column)
        up = f"{column.name}, {'larger' if column.higher else 'smaller'} is better"
        for key, axis in _axes(found).items():
            drawn = [curve for curve in curves if curve.setting in axis.scale]
            if any(_is_line(curve) for curve in drawn):
                yield column, key, draw(drawn, styles, axis, up, column.floors), _alt(column, axis, drawn)


def dots(found: Comparison) -> Iterator[tuple[Column, Figure, str]]:
    """Column, figure and its words: the last values of all settings in the first column, where there are several."""
    for column in found.columns[:1]:
        names = [setting.name for setting in found.settings]
        values = {name: found.last[name, column.name] for name in names if (name, column.name) in found.last}
        if 1 < len(values) <= values_figure.MOST and any(math.isfinite(one.mean) for one in values.values()):
            seeds = "interval over seeds" if any(one.bounds for one in values.values()) else "one seed: no interval"
            words = f"{column.name}, last value, {seeds}; {'larger' if column.higher else 'smaller'} is better"
            figure = values_figure.draw(values, looks(_ranked(found)), found.baseline, words, column.higher)
            yield column, figure, "; ".join(f"{name} {number(one.mean)}" for name, one in values.items())


def _is_line(curve: Curve) -> bool:
    return len(curve.points) > 1 or any(len(values) > 1 for values in curve.unfinished)


def svg(figure: Figure) -> str:
    """The figure as SVG, whose words are words; the same each time."""
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "saddle"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _axes(found: Comparison) -> dict[str, Axis]:
    seconds = {name: value for name, value in found.costs.seconds.items() if value is not None}
    source = "measured in this sweep" if found.costs.source == SWEEP else "of the bench"
    return {
        "updates": Axis(words="updates", scale={setting.name: 1.0 for setting in found.settings}),
        "seconds": Axis(words=f"nominal seconds ({source})", scale=seconds),
    }


def _ranked(found: Comparison) -> list[str]:
    """All settings as they come, if each can have a look; else the baseline and then the best in the first column."""
    names = [setting.name for setting in found.settings]
    if len(names) <= MOST or not found.columns:
        return names
    column = found.columns[0]
    sign = -1 if column.higher else 1
    values = {name: found.last[name, column.name].mean for name in names if (name, column.name) in found.last}
    ranked = sorted(values, key=lambda name: sign * values[name])
    return [found.baseline, *(name for name in ranked if name != found.baseline)]


def _alt(column: Column, axis: Axis, curves: list[Curve]) -> str:
    ends = [(curve.setting, list(curve.points.values())[-1].mean) for curve in curves if curve.points][:MOST]
    words = "; ".join(f"{name} ends at {number(value)}" for name, value in ends)
    return f"{column.name} against {axis.words}. {words}"
