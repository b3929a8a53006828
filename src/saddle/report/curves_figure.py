"""Learning curves as a figure: a line for the mean of each setting, a band for its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from saddle.report.curves import Curve
from saddle.report.text import number, shorten

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito (2008): told apart with any kind of colour vision; without yellow and black, for any page."""
DASHES = ("-", (0, (4, 1.2)), (0, (1.2, 1)))
INK = "#333333"
"""Of axes and words; a page puts its own colour in its place."""
PALE = "#999999"
MOST = len(COLOURS) * len(DASHES)
"""Settings with a look of their own."""
LONGEST = 54

# The layout in inches.
WIDTH = 5.6
PANEL = 3.1
LEFT, RIGHT, TOP, BELOW = 0.8, 0.12, 0.12, 0.55
LINE = 0.2

Style = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What a figure is drawn against: its words, and for each setting the number that updates are multiplied by."""

    words: str
    scale: Mapping[str, float]


def looks(settings: Sequence[str]) -> dict[str, Style]:
    """A colour and a dash for each of the first `MOST` settings, the same in all figures."""
    styles = ({"color": colour, "linestyle": dash} for dash in DASHES for colour in COLOURS)
    return dict(zip(islice(settings, MOST), cycle(styles), strict=False))


def draw(
    curves: Sequence[Curve], styles: Mapping[str, Style], axis: Axis, words: str, floors: Sequence[float]
) -> Figure:
    """A figure of `curves`, those without a style in pale grey behind the others.

    Args:
        curves: at least one, each of whose settings has a scale in `axis`.
        styles: of the settings, see `looks`.
        axis: what is along.
        words: what is up.
        floors: values to draw a line at, what real data score.
    """
    named = sorted((curve for curve in curves if curve.setting in styles), key=_end, reverse=True)
    height = TOP + PANEL + BELOW + LINE * (len(named) + 1 + (len(named) < len(curves)))
    figure = Figure(figsize=(WIDTH, height), dpi=120)
    FigureCanvasAgg(figure)
    panel = figure.add_axes(
        (LEFT / WIDTH, 1 - (TOP + PANEL) / height, 1 - (LEFT + RIGHT) / WIDTH, PANEL / height), facecolor="none"
    )
    for curve in sorted(curves, key=lambda curve: curve.setting in styles):  # the pale ones first
        _draw(panel, curve, styles.get(curve.setting, {"color": PALE, "linestyle": "-", "alpha": 0.5}), axis)
    for curve in named:
        _band(panel, curve, styles[curve.setting], axis)
    _ranges(panel, curves, floors)
    _look(panel, axis.words, words)
    _legend(figure, named, styles, others=len(curves) - len(named), height=height)
    return figure


def _end(curve: Curve) -> float:
    """Where its line ends: the legend has the order of the lines from above, and those without an end last."""
    ends = [interval.mean for interval in curve.points.values()][-1:]
    return ends[0] if ends and math.isfinite(ends[0]) else -math.inf


def _draw(panel: Axes, curve: Curve, style: Style, axis: Axis) -> None:
    scale = axis.scale[curve.setting]
    along = [scale * updates for updates in curve.points]
    mean = [interval.mean for interval in curve.points.values()]
    panel.plot(along, mean, **style, linewidth=1.6, marker="o", markersize=2.5)
    for values in curve.unfinished:
        panel.plot(
            [scale * updates for updates in values], list(values.values()), **(style | {"alpha": 0.6}), linewidth=0.8
        )


def _band(panel: Axes, curve: Curve, style: Style, axis: Axis) -> None:
    bounds = [interval.bounds for interval in curve.points.values()]
    if bounds and all(bounds):
        low, high = zip(*(bound for bound in bounds if bound), strict=True)
        along = [axis.scale[curve.setting] * updates for updates in curve.points]
        panel.fill_between(along, low, high, color=style["color"], alpha=0.16, linewidth=0)


def _ranges(panel: Axes, curves: Sequence[Curve], floors: Sequence[float]) -> None:
    """The axis holds all lines; a band of few seeds may be far wider than all of them, and is cut off."""
    means = [interval.mean for curve in curves for interval in curve.points.values()]
    so_far = [value for curve in curves for values in curve.unfinished for value in values.values()]
    finite = [value for value in (*means, *floors, *so_far) if math.isfinite(value)]
    if not finite:
        return
    low, high = min(finite), max(finite)
    for floor in floors:
        panel.axhline(floor, color=PALE, linestyle="--", linewidth=1)
    if low > 0 and high > 20 * low:
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
        panel.yaxis.set_minor_formatter(NullFormatter())
        panel.set_ylim(low / 1.25, high * 1.25)
    else:
        margin = 0.08 * (high - low) or 0.1
        panel.set_ylim(low - margin, high + margin)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _look(panel: Axes, along: str, up: str) -> None:
    panel.set_xlabel(along, color=INK, fontsize=10.5)
    panel.set_ylabel(up.replace("$", r"\$"), color=INK, fontsize=10.5)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.tick_params(which="both", colors=INK, labelsize=9.5)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(INK)
    panel.grid(color=PALE, alpha=0.3, linewidth=0.6)
    panel.locator_params(axis="x", nbins=6)


def _legend(figure: Figure, named: Sequence[Curve], styles: Mapping[str, Style], others: int, height: float) -> None:
    lines = [Line2D([], [], linewidth=2, **styles[curve.setting]) for curve in named]
    words = [shorten(curve.setting, LONGEST).replace("$", r"\$") for curve in named]  # no mathematics
    if others:
        lines.append(Line2D([], [], linewidth=2, color=PALE))
        words.append(f"{others} more settings")
    room: Style = {"frameon": False, "borderpad": 0, "labelspacing": 0.3, "borderaxespad": 0, "handlelength": 3}
    below = (0.12 / WIDTH, 1 - (TOP + PANEL + BELOW) / height)
    figure.legend(lines, words, loc="upper left", bbox_to_anchor=below, fontsize=9.5, labelcolor=INK, **room)
