"""Learning curves as a figure: a line for each setting's mean, a band for its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from saddle.report.curves import Curve
from saddle.report.style import INK, PALE, Style, empty_figure, logarithmic_ticks, number_ticks, size_of, words
from saddle.report.text import number, wrapped

LONGEST = 54
"""The largest number of characters in a line of the legend; longer names take several lines."""
LONGEST_UP = 34
"""That of the vertical axis's label."""
BEYOND = 0.5
"""The axis goes beyond the lines by this multiple of their range at most; a band that goes on is marked."""
BEYOND_LOGARITHMIC = 2.0

# The layout in inches.
WIDTH = 5.6
PANEL = 3.1
GAP, LEFT, RIGHT, TOP, BELOW = 0.12, 0.95, 0.3, 0.12, 0.55


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
    limits = _limits(curves, named, floors)
    lines, names = _entries(named, styles, len(curves) - len(named), limits)
    figure = empty_figure(WIDTH, PANEL)
    panel = figure.add_axes((0, 0, 1, 1), facecolor="none")
    for floor in floors:
        panel.axhline(floor, color=PALE, linestyle="--", linewidth=1)
    for curve in sorted(curves, key=lambda curve: curve.setting in styles):  # the pale ones first
        _draw(panel, curve, styles.get(curve.setting, {"color": PALE, "linestyle": "-", "alpha": 0.5}), across)
    if limits:
        _set_limits(panel, limits)
    for curve in named:
        _band(panel, curve, styles[curve.setting], across)
    _label(panel, across.label, up)
    room: Style = {"frameon": False, "borderpad": 0, "labelspacing": 0.3, "borderaxespad": 0, "handlelength": 3}
    _fit(figure, panel, figure.legend(lines, names, loc="upper left", fontsize=9.5, labelcolor=INK, **room))
    return figure


def _fit(figure: Figure, panel: Axes, legend: Legend) -> None:
    """Give the figure the size that its legend needs, which is below the panel."""
    wide, high = size_of(legend)
    width, height = max(WIDTH, wide + 2 * GAP), TOP + PANEL + BELOW + high + GAP
    figure.set_size_inches(width, height)
    panel.set_position((LEFT / width, 1 - (TOP + PANEL) / height, 1 - (LEFT + RIGHT) / width, PANEL / height))
    legend.set_bbox_to_anchor((GAP / width, 1 - (TOP + PANEL + BELOW) / height))


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
    """The intervals as a band, with a triangle at the edge of the axis wherever one goes on beyond it."""
    bounds = [one.bounds or (math.nan, math.nan) for one in curve.points.values()]
    if not bounds:
        return
    low, high = zip(*bounds, strict=True)
    along = [across.scale[curve.setting] * updates for updates in curve.points]
    panel.fill_between(along, low, high, color=style["color"], alpha=0.16, linewidth=0)
    bottom, top = panel.get_ylim()
    for edge, marker, beyond in ((bottom, "v", [end < bottom for end in low]), (top, "^", [end > top for end in high])):
        at = [place for place, is_beyond in zip(along, beyond, strict=True) if is_beyond]
        if at:
            panel.plot(at, [edge] * len(at), marker, color=style["color"], markersize=4, clip_on=False)


def _ends(curves: Sequence[Curve]) -> tuple[float, ...]:
    """The ends of all intervals."""
    return tuple(end for curve in curves for one in curve.points.values() for end in one.bounds or ())


def _limits(curves: Sequence[Curve], named: Sequence[Curve], floors: Sequence[float]) -> tuple[float, float] | None:
    """The range of all lines and of most bands; a band of few seeds may be far wider than all lines."""
    means = [interval.mean for curve in curves for interval in curve.points.values()]
    so_far = [value for curve in curves for values in curve.unfinished for value in values.values()]
    finite = [value for value in (*means, *floors, *so_far) if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    if _is_logarithmic(low, high):
        least, most = min([low, *(end for end in _ends(named) if end > 0)]), max([high, *_ends(named)])
        return max(low / BEYOND_LOGARITHMIC, least) / 1.25, min(high * BEYOND_LOGARITHMIC, most) * 1.25
    beyond, margin = BEYOND * (high - low), 0.08 * (high - low) or 0.1
    least, most = min([low, *_ends(named)]), max([high, *_ends(named)])
    return max(low - beyond, least) - margin, min(high + beyond, most) + margin


def _is_logarithmic(low: float, high: float) -> bool:
    return low > 0 and high > 20 * low


def _set_limits(panel: Axes, limits: tuple[float, float]) -> None:
    low, high = limits
    if _is_logarithmic(low, high):
        panel.set_yscale("log")
        logarithmic_ticks(panel.yaxis, narrow=high < 300 * low)
    panel.set_ylim(low, high)
    number_ticks(panel.yaxis)


def _label(panel: Axes, along: str, up: str) -> None:
    panel.set_xlabel(along, color=INK, fontsize=10.5)
    panel.set_ylabel(words(wrapped(up, LONGEST_UP)), color=INK, fontsize=10.5)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.tick_params(which="both", colors=INK, labelsize=9.5)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(INK)
    panel.grid(color=PALE, alpha=0.3, linewidth=0.6)
    panel.locator_params(axis="x", nbins=6)


def _entries(
    named: Sequence[Curve], styles: Mapping[str, Style], others: int, limits: tuple[float, float] | None
) -> tuple[list[Artist], list[str]]:
    """The legend: the settings, the bands, and the values of bands that go on beyond the axis."""
    lines: list[Artist] = [Line2D([], [], linewidth=2, **styles[curve.setting]) for curve in named]
    names = [words(wrapped(curve.setting, LONGEST)) for curve in named]
    if others:
        lines.append(Line2D([], [], linewidth=2, color=PALE))
        names.append(f"{others} more settings")
    if ends := _ends(named):
        lines.append(Patch(facecolor=PALE, alpha=0.4))
        names.append("band: 95% interval over the seeds")
    for marker, end, beyond in (("^", max(ends, default=0), "up"), ("v", min(ends, default=0), "down")):
        if ends and limits and not limits[0] <= end <= limits[1]:
            lines.append(Line2D([], [], linestyle="none", marker=marker, markersize=4, color=PALE))
            names.append(f"the band goes on beyond the axis, {beyond} to {number(end)}")
    return lines, names
