"""Last values as a figure: a dot for the mean of each setting and a line for its interval, the best one above."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from saddle.report.statistics import Interval
from saddle.report.style import INK, PALE, Style, empty_figure, logarithmic_ticks, number_ticks, size_of, words
from saddle.report.text import number, wrapped

MOST = 40
"""The largest number of settings that the figure has room for."""
LONGEST = 34
"""The largest number of characters in a line of a label; longer names take several lines."""
WIDE = 20
"""Ratio of the largest to the smallest value above which the axis is logarithmic."""
BEYOND = 1.5
"""An axis reaches this multiple of the means' spread beyond them at most; intervals that go on carry an arrow."""
BEYOND_LOGARITHMIC = 4.0

# The layout in inches.
PANEL = 4.2
GAP, RIGHT, TOP, BELOW, ROW, LINE = 0.12, 0.2, 0.12, 0.68, 0.24, 0.15


def draw(
    values: Mapping[str, Interval | None], styles: Mapping[str, Style], baseline: str, label: str, higher: bool
) -> Figure:
    """A figure with a row for each setting.

    Args:
        values: setting -> interval, None if no finished run of it was measured; at least one mean is finite. Settings
            without a dot say why, below the others.
        styles: setting -> style, as in the curves; only the colours are used.
        baseline: the setting through whose mean a thin line goes.
        label: the label of the horizontal axis.
        higher: whether larger values are better.
    """
    finite = {name: one for name, one in values.items() if one is not None and math.isfinite(one.mean)}
    names = [name for name in values if name not in finite]
    names += sorted(finite, key=lambda name: finite[name].mean, reverse=not higher)  # from below
    labels = [words(wrapped(name, LONGEST)) for name in names]
    figure = empty_figure(PANEL, PANEL)
    panel = figure.add_axes((0, 0, 1, 1), facecolor="none")
    _range(panel, list(finite.values()))
    if baseline in finite:
        panel.axvline(finite[baseline].mean, color=PALE, linewidth=0.8)
    for row, name in enumerate(names):
        if name in finite:
            _row(panel, row, finite[name], styles.get(name, {"color": PALE})["color"])
        else:
            why = "not measured" if values[name] is None else "not finite"
            panel.text(0.01, row, why, transform=panel.get_yaxis_transform(), va="center", fontsize=8.5, color=PALE)
    _label(panel, labels)
    lines = max(text.count("\n") for text in labels)
    _fit(figure, panel, figure.text(0, 0, words(label), color=INK, fontsize=10), len(names) * (ROW + LINE * lines))
    return figure


def _row(panel: Axes, row: int, one: Interval, colour: str) -> None:
    """The dot, and the interval as far as the axis goes; where it goes on, an arrow and the value of its end."""
    panel.plot(one.mean, row, "o", color=colour, markersize=5)
    if (bounds := one.bounds) is None:
        return
    low, high = panel.get_xlim()
    panel.plot((max(bounds[0], low), min(bounds[1], high)), (row, row), color=colour, linewidth=1.8)
    for end, edge, beyond, marker, side in (
        (bounds[0], low, bounds[0] < low, "<", "left"),
        (bounds[1], high, bounds[1] > high, ">", "right"),
    ):
        if beyond:
            panel.plot(edge, row, marker, color=colour, markersize=5, clip_on=False)
            place: Style = {"xytext": (6 if side == "left" else -6, 2), "textcoords": "offset points"}
            panel.annotate(f"to {number(end)}", (edge, row), ha=side, va="bottom", fontsize=7.5, color=INK, **place)


def _range(panel: Axes, values: Sequence[Interval]) -> None:
    """Fit the axis to all means and most intervals; the interval of two seeds may be far wider than all of them."""
    means = [one.mean for one in values]
    low, high = min(means), max(means)
    ends = [end for one in values for end in one.bounds or ()]
    if low > 0 and high > WIDE * low:
        panel.set_xscale("log")
        logarithmic_ticks(panel.xaxis, narrow=high < 300 * low)
        least, most = min([low, *(end for end in ends if end > 0)]), max([high, *ends])
        least, most = max(low / BEYOND_LOGARITHMIC, least), min(high * BEYOND_LOGARITHMIC, most, 1e300)
        panel.set_xlim(least / 1.1, most * 1.1)
    else:
        margin = (high - low) or abs(high) or 1.0
        least = max(low - BEYOND * margin, min([low, *ends]))
        most = min(high + BEYOND * margin, max([high, *ends]))
        panel.set_xlim(least - 0.03 * (most - least or margin), most + 0.03 * (most - least or margin))
    number_ticks(panel.xaxis)


def _label(panel: Axes, labels: Sequence[str]) -> None:
    panel.set_ylim(-0.7, len(labels) - 0.3)
    panel.set_yticks(range(len(labels)), labels, color=INK)
    panel.tick_params(which="both", colors=INK, labelsize=9.5)
    panel.tick_params(axis="y", length=0)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(INK)
    panel.grid(axis="x", color=PALE, alpha=0.3, linewidth=0.6)


def _fit(figure: Figure, panel: Axes, below: Text, inside: float) -> None:
    """Give the figure the size that its labels need; `inside` is the height of the panel."""
    left = 2 * GAP + max(size_of(text)[0] for text in panel.get_yticklabels())
    width = max(left + PANEL + RIGHT, size_of(below)[0] + RIGHT + GAP)
    height = TOP + inside + BELOW
    figure.set_size_inches(width, height)
    panel.set_position((left / width, BELOW / height, 1 - (left + RIGHT) / width, inside / height))
    below.set(x=1 - RIGHT / width, y=0.06 / height, ha="right", va="bottom", ma="right")
