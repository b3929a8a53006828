"""Last values as a figure: a dot for the mean of each setting and a line for its interval, the best one above."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from saddle.report.curves_figure import INK, PALE, Style
from saddle.report.statistics import Interval
from saddle.report.text import number, shorten

MOST = 40
"""Settings that such a figure has room for."""
LONGEST = 32
WIDE = 20
"""The largest over the smallest value, from which on the axis is logarithmic."""

# The layout in inches.
WIDTH = 5.6
LETTER, RIGHT, TOP, BELOW, ROW = 0.078, 0.2, 0.08, 0.5, 0.21


def draw(
    values: Mapping[str, Interval], styles: Mapping[str, Style], baseline: str, words: str, higher: bool
) -> Figure:
    """A figure of `values`, by their settings.

    Args:
        values: at least one whose mean is finite; others are left out.
        styles: of the settings, as in their curves; only the colours are used.
        baseline: a thin line goes through its mean.
        words: what is along.
        higher: whether a larger value is the better one.
    """
    finite = {name: one for name, one in values.items() if math.isfinite(one.mean)}
    names = sorted(finite, key=lambda name: finite[name].mean, reverse=not higher)  # from below
    left = 0.2 + LETTER * max(len(shorten(name, LONGEST)) for name in names)
    height = TOP + ROW * (len(names) + 0.6) + BELOW
    figure = Figure(figsize=(WIDTH, height), dpi=120)
    FigureCanvasAgg(figure)
    inside = (left / WIDTH, BELOW / height, 1 - (left + RIGHT) / WIDTH, 1 - (TOP + BELOW) / height)
    panel = figure.add_axes(inside, facecolor="none")
    if baseline in finite:
        panel.axvline(finite[baseline].mean, color=PALE, linewidth=0.8)
    for place, name in enumerate(names):
        colour = styles.get(name, {"color": PALE})["color"]
        panel.plot(finite[name].mean, place, "o", color=colour, markersize=5)
        if bounds := finite[name].bounds:
            panel.plot(bounds, (place, place), color=colour, linewidth=1.8)
    _range(panel, list(finite.values()))
    _look(panel, names, words)
    return figure


def _range(panel: Axes, values: Sequence[Interval]) -> None:
    """The axis holds all means and most of the intervals; one of two seeds may be far wider than all of them."""
    means = [one.mean for one in values]
    low, high = min(means), max(means)
    ends = [end for one in values for end in one.bounds or ()]
    if low > 0 and high > WIDE * low:
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_xlim(max(low / 1.6, min([low / 1.1, *(end for end in ends if end > 0)])), min(high * 1.6, 1e300))
    else:
        margin = (high - low) or abs(high) or 1.0
        panel.set_xlim(
            max(low - 0.5 * margin, min([low, *ends])) - 0.04 * margin,
            min(high + 0.5 * margin, max([high, *ends])) + 0.04 * margin,
        )
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _look(panel: Axes, names: Sequence[str], words: str) -> None:
    panel.set_ylim(-0.8, len(names) - 0.2)
    labels = [shorten(name, LONGEST).replace("$", r"\$") for name in names]  # no mathematics
    panel.set_yticks(range(len(names)), labels, color=INK, fontsize=9.5)
    panel.set_xlabel(words.replace("$", r"\$"), color=INK, fontsize=10.5, loc="right")
    panel.tick_params(which="both", colors=INK, labelsize=9.5)
    panel.tick_params(axis="y", length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(INK)
    panel.grid(axis="x", color=PALE, alpha=0.3, linewidth=0.6)
