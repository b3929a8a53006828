"""A comparison as one picture: the metric, both players' losses, and the last grid of every run."""

import math
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.image
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from saddle.report.rows import Row
from saddle.report.text import number

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito (2008): told apart with any kind of colour vision, and by their brightness; without yellow."""
DASHES = ("-", (0, (3, 1)), (0, (1, 0.8)))
POINTS = 160
"""Points of a loss curve; more are averaged in blocks, because a loss of one batch is mostly noise."""

# The layout in inches, from the upper left corner.
HEIGHT = 5.2
CURVES = 4.9
MARGIN = 0.15
TEXT_LINE = 0.17
SIDES = {1: 4.4, 2: 4.3, 3: 3.5}
"""Side of a grid by the number of runs; of more than three, `SIDE`."""
SIDE = 2.4

Style = dict[str, Any]


def draw(rows: Sequence[Row], *, losses: bool) -> Figure:
    """The picture of `rows`, each run with the same colour in every panel. Save it with `figure.savefig`.

    Args:
        rows: at least one.
        losses: whether losses of these runs may share an axis; those of different models are different quantities.
    """
    across = len(rows) if len(rows) <= 3 else math.ceil(math.sqrt(len(rows)))
    side = SIDES.get(len(rows), SIDE)
    titles = [_title(row) for row in rows]
    above = TEXT_LINE * max(title.count("\n") + 1 for title in titles) + MARGIN
    down = math.ceil(len(rows) / across)
    figure = Figure(
        figsize=(CURVES + across * (side + MARGIN), max(HEIGHT, down * (side + above) + 2 * MARGIN)), dpi=150
    )
    FigureCanvasAgg(figure)
    styles = _styles(len(rows))
    _curves(figure, rows, styles, losses)
    for place, (row, title, style) in enumerate(zip(rows, titles, styles, strict=True)):
        left = CURVES + place % across * (side + MARGIN)
        top = MARGIN + place // across * (side + above) + above
        _grid(_axes(figure, left, top, side, side), row, title, style)
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes by their place in inches from the upper left corner."""
    whole, tall = figure.get_size_inches()
    return figure.add_axes((left / whole, 1 - (top + height) / tall, width / whole, height / tall))


def _styles(runs: int) -> list[Style]:
    colours, dashes = cycle(COLOURS), (dash for dash in DASHES for _ in COLOURS)
    return [{"color": next(colours), "linestyle": next(dashes)} for _ in range(runs)]


def _curves(figure: Figure, rows: Sequence[Row], styles: Sequence[Style], losses: bool) -> None:
    left, width, height = 0.8, CURVES - 0.8 - 2 * MARGIN, figure.get_size_inches()[1] - 2 * MARGIN - 0.4
    metric = _axes(figure, left, MARGIN, width, 0.5 * height)
    discriminator = _axes(figure, left, MARGIN + 0.54 * height, width, 0.21 * height)
    generator = _axes(figure, left, MARGIN + 0.79 * height, width, 0.21 * height)
    for row, style in zip(rows, styles, strict=True):
        _curve(metric, row, row.main, style | {"marker": "o", "markersize": 3.5})
        if losses:
            _curve(discriminator, row, "loss_discriminator", style | {"linewidth": 1.0})
            _curve(generator, row, "loss_generator", style | {"linewidth": 1.0})
    _metric_axis(metric, rows)
    for panel, player in ((discriminator, "loss of D"), (generator, "loss of G")):
        panel.set_ylabel(player)
        if not losses:
            panel.set_yticks([])
            words = "of different models: these losses do not compare"
            panel.text(0.5, 0.5, words, ha="center", va="center", color="0.4", transform=panel.transAxes)
        _without_spikes(panel)
    for panel in (metric, discriminator, generator):
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.tick_params(labelsize=8, labelbottom=panel is generator)
        panel.set_xlim(_updates(rows))
        panel.yaxis.set_label_coords(-0.58 / width, 0.5)
    generator.set_xlabel("updates")


def _updates(rows: Sequence[Row]) -> tuple[float, float]:
    """The range of the axis that all panels share."""
    last = max((line["updates"] for row in rows for line in row.metrics), default=0) or 1
    return -0.02 * last, 1.02 * last


def _curve(panel: Axes, row: Row, key: str, style: Style) -> None:
    points = np.array([(line["updates"], line[key]) for line in row.metrics if key in line], dtype=float)  # [count, 2]
    if len(points):
        panel.plot(*(_in_blocks(points) if key.startswith("loss") else points.T), **style)


def _in_blocks(points: np.ndarray) -> np.ndarray:
    """Means of consecutive points [count, 2] -> [2, at most POINTS]."""
    blocks = np.array_split(points, min(POINTS, len(points)))
    return np.array([block.mean(axis=0) for block in blocks]).T


def _metric_axis(panel: Axes, rows: Sequence[Row]) -> None:
    mains = list(dict.fromkeys(row.main for row in rows if row.main))
    values = [line[row.main] for row in rows for line in row.metrics if 0 < line.get(row.main, 0) < math.inf]
    floors = sorted({row.floor for row in rows if row.floor})
    if values:
        panel.set_yscale("log")
        narrow = max(values) < 300 * min(values + floors)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        panel.yaxis.set_minor_formatter(NullFormatter())
    for floor in floors:
        panel.axhline(floor, color="0.45", linestyle="--", linewidth=1)
        text = f"floor {number(floor)}: real against real"
        look: Style = {"ha": "right", "va": "bottom", "fontsize": 7.5, "color": "0.35"}
        panel.text(0.99, floor * 1.02, text, transform=panel.get_yaxis_transform(), **look)
    panel.set_ylabel(" or ".join(mains) or "no evaluation yet")


def _without_spikes(panel: Axes) -> None:
    """The range of the middle 96% of each curve, so that one spike does not flatten all of them."""
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in panel.lines]
    ranges = [np.percentile(values[np.isfinite(values)], [2, 98]) for values in drawn if np.isfinite(values).any()]
    if ranges:
        low, high = np.min(ranges), np.max(ranges)
        margin = 0.08 * (high - low) or 0.1
        panel.set_ylim(low - margin, high + margin)


def _grid(panel: Axes, row: Row, title: str, style: Style) -> None:
    panel.set_axis_off()
    if row.grid is None:
        panel.text(
            0.5, 0.5, f"no samples ({row.status})", ha="center", va="center", color="0.4", transform=panel.transAxes
        )
    else:
        image = matplotlib.image.imread(row.grid)  # [height, width] or [height, width, channels], in [0, 1]
        panel.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if max(image.shape) < 600 else "auto")
        panel.set_anchor("NW")
    place: Style = {"loc": "lower left", "bbox_to_anchor": (0, 1), "alignment": "left"}
    room: Style = {"frameon": False, "borderpad": 0, "borderaxespad": 0.3, "handlelength": 2.6}
    panel.legend([Line2D([], [], linewidth=2.5, **style)], [title], fontsize=9, **place, **room)


def _title(row: Row) -> str:
    """The job, over several lines if it is long, and how it stands."""
    lines = row.job.split("_") if len(row.job) > 28 else [row.job]
    facts = [row.status] if row.status != "finished" else []
    stale = f" @{row.last_updates}" if row.last_updates != row.updates else ""
    facts += [f"{row.main} {number(row.last)}{stale}"] if row.last is not None else []
    return "\n".join([*lines, ", ".join(facts)]).rstrip()
