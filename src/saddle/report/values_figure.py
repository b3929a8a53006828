"""Last values as a figure: a dot for the mean of each setting and a line for its interval, the best one above."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saddle.report.statistics import Interval
from saddle.report.style import INK, PALE, Style, empty_figure, logarithmic_ticks, number_ticks, words
from saddle.report.text import shorten

MOST = 40
"""The largest number of settings that the figure has room for."""
LONGEST = 32
WIDE = 20
"""Ratio of the largest to the smallest value above which the axis is logarithmic."""

# The layout in inches.
WIDTH = 5.6
LETTER, RIGHT, TOP, BELOW, ROW = 0.078, 0.2, 0.08, 0.5, 0.21


def draw(
    values: Mapping[str, Interval], styles: Mapping[str, Style], baseline: str, label: str, higher: bool
) -> Figure:
    """A figure of one interval for each setting.

    Args:
        values: setting -> interval; at least one mean is finite, the others are left out.
        styles: setting -> style, as in the curves; only the colours are used.
        baseline: the setting through whose mean a thin line goes.
        label: the label of the horizontal axis.
        higher: whether larger values are better.
    """
    finite = {name: one for name, one in values.items() if math.isfinite(one.mean)}
    names = sorted(finite, key=lambda name: finite[name].mean, reverse=not higher)  # from below
    left = 0.2 + LETTER * max(len(shorten(name, LONGEST)) for name in names)
    height = TOP + ROW * (len(names) + 0.6) + BELOW
    figure = empty_figure(WIDTH, height)
    inside = (left / WIDTH, BELOW / height, 1 - (left + RIGHT) / WIDTH, 1 - (TOP + BELOW) / height)
    panel = figure.add_axes(inside, facecolor="none")
    if baseline in finite:
        panel.axvline(finite[baseline].mean, color=PALE, linewidth=0.8)
    for row, name in enumerate(names):
        colour = styles.get(name, {"color": PALE})["color"]
        panel.plot(finite[name].mean, row, "o", color=colour, markersize=5)
        if bounds := finite[name].bounds:
            panel.plot(bounds, (row, row), color=colour, linewidth=1.8)
    _range(panel, list(finite.values()))
    _label(panel, names, label)
    return figure


def _range(panel: Axes, values: Sequence[Interval]) -> None:
    """Fit the axis to all means and most intervals; the interval of two seeds may be far wider than all of them."""
    means = [one.mean for one in values]
    low, high = min(means), max(means)
    ends = [end for one in values for end in one.bounds or ()]
    if low > 0 and high > WIDE * low:
        panel.set_xscale("log")
        logarithmic_ticks(panel.xaxis, narrow=high < 300 * low)
        panel.set_xlim(max(low / 1.6, min([low / 1.1, *(end for end in ends if end > 0)])), min(high * 1.6, 1e300))
    else:
        margin = (high - low) or abs(high) or 1.0
        panel.set_xlim(
            max(low - 0.5 * margin, min([low, *ends])) - 0.04 * margin,
            min(high + 0.5 * margin, max([high, *ends])) + 0.04 * margin,
        )
    number_ticks(panel.xaxis)


def _label(panel: Axes, names: Sequence[str], label: str) -> None:
    panel.set_ylim(-0.8, len(names) - 0.2)
    labels = [words(name, LONGEST) for name in names]
    panel.set_yticks(range(len(names)), labels, color=INK, fontsize=9.5)
    panel.set_xlabel(words(label), color=INK, fontsize=10.5, loc="right")
    panel.tick_params(which="both", colors=INK, labelsize=9.5)
    panel.tick_params(axis="y", length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(INK)
    panel.grid(axis="x", color=PALE, alpha=0.3, linewidth=0.6)
