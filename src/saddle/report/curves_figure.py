"""Learning curves as a figure: a line for each setting's mean, a band for its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from saddle.report.curves import Curve
from saddle.report.style import INK, PALE, Style, empty_figure, logarithmic_ticks, number_ticks, words

LONGEST = 54

# The layout in inches.
WIDTH = 5.6
PANEL = 3.1
LEFT, RIGHT, TOP, BELOW = 0.8, 0.12, 0.12, 0.55
LINE = 0.2


@dataclass(frozen=True, kw_only=True)
class Abscissa:
    """What a figure is drawn against: a label, and for each setting the number that updates are multiplied by."""

    label: str
    scale: Mapping[str, float]


def draw(
    curves: Sequence[Curve], styles: Mapping[str, Style], across: Abscissa, up: str, floors: Sequence[float]
) -> Figure:
    """A figure of `curves`, those without a style in pale grey behind the others.

    Args:
        curves: at least one, each of whose settings has a scale in `across`.
        styles: setting -> style, see `styles_of`.
        across: the horizontal axis.
        up: the label of the vertical axis.
        floors: the scores of real data, drawn as lines.
    """
    named = sorted((curve for curve in curves if curve.setting in styles), key=_end, reverse=True)
    height = TOP + PANEL + BELOW + LINE * (len(named) + 1 + (len(named) < len(curves)))
    figure = empty_figure(WIDTH, height)
    panel = figure.add_axes(
        (LEFT / WIDTH, 1 - (TOP + PANEL) / height, 1 - (LEFT + RIGHT) / WIDTH, PANEL / height), facecolor="none"
    )
    for curve in sorted(curves, key=lambda curve: curve.setting in styles):  # the pale ones first
        _draw(panel, curve, styles.get(curve.setting, {"color": PALE, "linestyle": "-", "alpha": 0.5}), across)
    for curve in named:
        _band(panel, curve, styles[curve.setting], across)
    _ranges(panel, curves, floors)
    _label(panel, across.label, up)
    _legend(figure, named, styles, others=len(curves) - len(named), height=height)
    return figure


def _end(curve: Curve) -> float:
    """The last mean: the legend lists the lines from above, and those without an end last."""
    ends = [interval.mean for interval in curve.points.values()][-1:]
    return ends[0] if ends and math.isfinite(ends[0]) else -math.inf


def _draw(panel: Axes, curve: Curve, style: Style, across: Abscissa) -> None:
    scale = across.scale[curve.setting]
    along = [scale * updates for updates in curve.points]
    mean = [interval.mean for interval in curve.points.values()]
    panel.plot(along, mean, **style, linewidth=1.6, marker="o", markersize=2.5)
    for values in curve.unfinished:
        panel.plot(
            [scale * updates for updates in values], list(values.values()), **(style | {"alpha": 0.6}), linewidth=0.8
        )


def _band(panel: Axes, curve: Curve, style: Style, across: Abscissa) -> None:
    bounds = [interval.bounds for interval in curve.points.values()]
    if bounds and all(bounds):
        low, high = zip(*(bound for bound in bounds if bound), strict=True)
        along = [across.scale[curve.setting] * updates for updates in curve.points]
        panel.fill_between(along, low, high, color=style["color"], alpha=0.16, linewidth=0)


def _ranges(panel: Axes, curves: Sequence[Curve], floors: Sequence[float]) -> None:
    """Fit the axis to the lines; a band of few seeds may be far wider than all of them, and is cut off."""
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
        logarithmic_ticks(panel.yaxis, narrow=high < 300 * low)
        panel.set_ylim(low / 1.25, high * 1.25)
    else:
        margin = 0.08 * (high - low) or 0.1
        panel.set_ylim(low - margin, high + margin)
    number_ticks(panel.yaxis)


def _label(panel: Axes, along: str, up: str) -> None:
    panel.set_xlabel(along, color=INK, fontsize=10.5)
    panel.set_ylabel(words(up), color=INK, fontsize=10.5)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.tick_params(which="both", colors=INK, labelsize=9.5)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(INK)
    panel.grid(color=PALE, alpha=0.3, linewidth=0.6)
    panel.locator_params(axis="x", nbins=6)


def _legend(figure: Figure, named: Sequence[Curve], styles: Mapping[str, Style], others: int, height: float) -> None:
    lines = [Line2D([], [], linewidth=2, **styles[curve.setting]) for curve in named]
    names = [words(curve.setting, LONGEST) for curve in named]
    if others:
        lines.append(Line2D([], [], linewidth=2, color=PALE))
        names.append(f"{others} more settings")
    room: Style = {"frameon": False, "borderpad": 0, "labelspacing": 0.3, "borderaxespad": 0, "handlelength": 3}
    below = (0.12 / WIDTH, 1 - (TOP + PANEL + BELOW) / height)
    figure.legend(lines, names, loc="upper left", bbox_to_anchor=below, fontsize=9.5, labelcolor=INK, **room)
