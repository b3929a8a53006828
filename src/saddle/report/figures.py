"""The figures of a comparison: every column against updates and against nominal seconds."""

import io
import math
from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.figure import Figure

from saddle.report import values_figure
from saddle.report.comparison import Comparison
from saddle.report.cost import SWEEP
from saddle.report.curves import Curve, curves_of
from saddle.report.curves_figure import Abscissa, draw
from saddle.report.protocol import Column
from saddle.report.style import MOST, styles_of
from saddle.report.text import number


def curve_figures(comparison: Comparison) -> Iterator[tuple[Column, str, Figure, str]]:
    """Column, `updates` or `seconds`, figure and its description, for every figure that can be drawn."""
    styles = styles_of(_ranked(comparison))
    for column in comparison.columns:
        curves = curves_of(comparison.settings, column)
        up = f"{column.name}, {'larger' if column.higher else 'smaller'} is better"
        for key, across in _abscissas(comparison).items():
            drawn = [curve for curve in curves if curve.setting in across.scale]
            if any(_is_line(curve) for curve in drawn):
                yield column, key, draw(drawn, styles, across, up, column.floors), _alt(column, across, drawn)


def value_figures(comparison: Comparison) -> Iterator[tuple[Column, Figure, str]]:
    """Column, figure and its description: the last values of all settings in each leading column, if there are several."""
    for column in comparison.leads:
        names = [setting.name for setting in comparison.settings]
        values = {name: comparison.last[name, column.name] for name in names if (name, column.name) in comparison.last}
        if 1 < len(values) <= values_figure.MOST and any(math.isfinite(one.mean) for one in values.values()):
            seeds = "interval over seeds" if any(one.bounds for one in values.values()) else "one seed: no interval"
            label = f"{column.name}, last value, {seeds}; {'larger' if column.higher else 'smaller'} is better"
            figure = values_figure.draw(
                values, styles_of(_ranked(comparison)), comparison.baseline, label, column.higher
            )
            yield column, figure, "; ".join(f"{name} {number(one.mean)}" for name, one in values.items())


def _is_line(curve: Curve) -> bool:
    return len(curve.points) > 1 or any(len(values) > 1 for values in curve.unfinished)


def svg(figure: Figure) -> str:
    """The figure as SVG with text as text; the same figure gives the same bytes."""
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "saddle"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


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
