"""Panels side by side, in each a line for the mean over seeds and a band for its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from saddle.report.statistics import Interval
from saddle.report.style import logarithmic_ticks, styles_of


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The contents of one panel.

    Attributes:
        across, up: labels of the axes, with units.
        lines: name -> position across -> interval.
        logarithmic: the axes that are logarithmic.
    """

    title: str
    across: str
    up: str
    lines: Mapping[str, Mapping[float, Interval]]
    logarithmic: Literal["", "x", "y", "xy"]


def draw(panels: Sequence[Panel], columns: int) -> Figure:
    """The panels in rows of `columns`; lines of one name share a style, and one legend below names them."""
    names = list(dict.fromkeys(chain.from_iterable(panel.lines for panel in panels)))
    styles = styles_of(names)
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(0.4 + 3.6 * columns, 0.6 + 2.8 * rows), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    handles = {}
    for number, panel in enumerate(panels, 1):
        axes = figure.add_subplot(rows, columns, number)
        for name, line in panel.lines.items():
            along, mean = list(line), [interval.mean for interval in line.values()]
            handles[name] = axes.plot(along, mean, **styles[name], linewidth=1.5)[0]
            bounds = [interval.bounds for interval in line.values()]
            if bounds and all(bounds):
                low, high = zip(*(bound for bound in bounds if bound), strict=True)
                axes.fill_between(along, low, high, color=styles[name]["color"], alpha=0.16, linewidth=0)
        _label(axes, panel)
    figure.legend(
        [handles[name] for name in names if name in handles],
        [name for name in names if name in handles],
        loc="outside lower center",
        ncols=min(len(names), 4),
        frameon=False,
        fontsize=9,
    )
    return figure


def _label(axes: Axes, panel: Panel) -> None:
    """Set labels and scales; the vertical axis holds all means, and a band of few seeds may be cut off."""
    means = [interval.mean for line in panel.lines.values() for interval in line.values()]
    finite = [mean for mean in means if math.isfinite(mean) and (mean > 0 or "y" not in panel.logarithmic)]
    if "x" in panel.logarithmic:
        axes.set_xscale("log")
        _ticks(axes.xaxis, [position for line in panel.lines.values() for position in line])
    if "y" in panel.logarithmic and finite:
        axes.set_yscale("log")
        _ticks(axes.yaxis, finite)
        axes.set_ylim(min(finite) / 1.3, max(finite) * 1.3)
    elif finite:
        margin = 0.08 * (max(finite) - min(finite)) or 0.1
        axes.set_ylim(min(finite) - margin, max(finite) + margin)
    axes.set_title(panel.title, fontsize=10)
    axes.set_xlabel(panel.across, fontsize=9)
    axes.set_ylabel(panel.up, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _ticks(scale: Axis, values: Sequence[float]) -> None:
    """Ticks of a logarithmic axis: numbers in full, as many as fit."""
    wide = bool(values) and max(values) > 200 * min(values)
    logarithmic_ticks(scale, narrow=not wide)
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
