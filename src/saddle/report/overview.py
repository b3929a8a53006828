"""The overview, a comparison as one picture: the metric, both players' losses, and every run's last grid."""

import math
from collections.abc import Sequence
from itertools import cycle

import matplotlib.image
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from saddle.report.run import RunRecord
from saddle.report.style import COLOURS as WITHOUT_BLACK
from saddle.report.style import Style, empty_figure, logarithmic_ticks
from saddle.report.style import words as plain_words
from saddle.report.text import number

COLOURS = (*WITHOUT_BLACK, "#000000")
DASHES = ("-", (0, (3, 1)), (0, (1, 0.8)))
POINTS = 160
"""Largest number of points of a loss curve; more are averaged in blocks, since the loss of one batch is noisy."""

# The layout in inches, from the upper left corner.
HEIGHT = 5.2
CURVES = 4.9
MARGIN = 0.15
TEXT_LINE = 0.17
SIDES = {1: 4.4, 2: 4.3, 3: 3.5}
"""Number of runs -> side of a grid; `SIDE` for more than three runs."""
SIDE = 2.4


def draw(runs: Sequence[RunRecord], *, losses: bool) -> Figure:
    """The picture of `runs`, each run with the same colour in every panel. Save it with `figure.savefig`.

    Args:
        runs: at least one run.
        losses: whether the losses may share an axis; losses of different models are different quantities.
    """
    across = len(runs) if len(runs) <= 3 else math.ceil(math.sqrt(len(runs)))
    side = SIDES.get(len(runs), SIDE)
    titles = [plain_words(_title(run)) for run in runs]
    above = TEXT_LINE * max(title.count("\n") + 1 for title in titles) + MARGIN
    down = math.ceil(len(runs) / across)
    width, height = CURVES + across * (side + MARGIN), max(HEIGHT, down * (side + above) + 2 * MARGIN)
    figure = empty_figure(width, height, dpi=150)
    styles = _styles(len(runs))
    _curves(figure, runs, styles, losses)
    for index, (run, title, style) in enumerate(zip(runs, titles, styles, strict=True)):
        left = CURVES + index % across * (side + MARGIN)
        top = MARGIN + index // across * (side + above) + above
        _grid(_axes(figure, left, top, side, side), run, title, style)
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a position in inches from the upper left corner."""
    whole, tall = figure.get_size_inches()
    return figure.add_axes((left / whole, 1 - (top + height) / tall, width / whole, height / tall))


def _styles(count: int) -> list[Style]:
    colours, dashes = cycle(COLOURS), (dash for dash in DASHES for _ in COLOURS)
    return [{"color": next(colours), "linestyle": next(dashes)} for _ in range(count)]


def _curves(figure: Figure, runs: Sequence[RunRecord], styles: Sequence[Style], losses: bool) -> None:
    left, width, height = 0.8, CURVES - 0.8 - 2 * MARGIN, figure.get_size_inches()[1] - 2 * MARGIN - 0.4
    metric = _axes(figure, left, MARGIN, width, 0.5 * height)
    discriminator = _axes(figure, left, MARGIN + 0.54 * height, width, 0.21 * height)
    generator = _axes(figure, left, MARGIN + 0.79 * height, width, 0.21 * height)
    for run, style in zip(runs, styles, strict=True):
        _curve(metric, run, run.main, style | {"marker": "o", "markersize": 3.5})
        if losses:
            _curve(discriminator, run, "loss_discriminator", style | {"linewidth": 1.0})
            _curve(generator, run, "loss_generator", style | {"linewidth": 1.0})
    _metric_axis(metric, runs)
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
        panel.set_xlim(_updates(runs))
        panel.yaxis.set_label_coords(-0.58 / width, 0.5)
    generator.set_xlabel("updates")


def _updates(runs: Sequence[RunRecord]) -> tuple[float, float]:
    """The range of the axis that all panels share."""
    last = max((line["updates"] for run in runs for line in run.lines), default=0) or 1
    return -0.02 * last, 1.02 * last


def _curve(panel: Axes, run: RunRecord, key: str, style: Style) -> None:
    points = np.array([(line["updates"], line[key]) for line in run.lines if key in line], dtype=float)  # [count, 2]
    if len(points):
        panel.plot(*(_in_blocks(points) if key.startswith("loss") else points.T), **style)


def _in_blocks(points: np.ndarray) -> np.ndarray:
    """Means of consecutive points [count, 2] -> [2, at most POINTS]."""
    blocks = np.array_split(points, min(POINTS, len(points)))
    return np.array([block.mean(axis=0) for block in blocks]).T


def _metric_axis(panel: Axes, runs: Sequence[RunRecord]) -> None:
    mains = list(dict.fromkeys(run.main for run in runs if run.main))
    values = [line[run.main] for run in runs for line in run.lines if 0 < line.get(run.main, 0) < math.inf]
    floors = sorted({run.floor for run in runs if run.floor})
    if values:
        panel.set_yscale("log")
        narrow = max(values) < 300 * min(values + floors)
        logarithmic_ticks(panel.yaxis, narrow=narrow)
    for floor in floors:
        panel.axhline(floor, color="0.45", linestyle="--", linewidth=1)
        text = f"floor {number(floor)}: real against real"
        look: Style = {"ha": "right", "va": "bottom", "fontsize": 7.5, "color": "0.35"}
        panel.text(0.99, floor * 1.02, text, transform=panel.get_yaxis_transform(), **look)
    panel.set_ylabel(plain_words(" or ".join(mains)) or "no evaluation yet")


def _without_spikes(panel: Axes) -> None:
    """The range of the middle 96% of each curve, so that one spike does not flatten all of them."""
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in panel.lines]
    ranges = [np.percentile(values[np.isfinite(values)], [2, 98]) for values in drawn if np.isfinite(values).any()]
    if ranges:
        low, high = np.min(ranges), np.max(ranges)
        margin = 0.08 * (high - low) or 0.1
        panel.set_ylim(low - margin, high + margin)
        if any((values < low - margin).any() or (values > high + margin).any() for values in drawn):
            where: Style = {"ha": "right", "va": "top", "fontsize": 7, "color": "0.35"}
            panel.text(0.99, 0.98, "spikes go on beyond the axis", transform=panel.transAxes, **where)


def _grid(panel: Axes, run: RunRecord, title: str, style: Style) -> None:
    panel.set_axis_off()
    if run.last_grid is None:
        panel.text(
            0.5, 0.5, f"no samples ({run.status})", ha="center", va="center", color="0.4", transform=panel.transAxes
        )
    else:
        image = matplotlib.image.imread(run.last_grid)  # [height, width] or [height, width, channels], in [0, 1]
        panel.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if max(image.shape) < 600 else "auto")
        panel.set_anchor("NW")
    where: Style = {"loc": "lower left", "bbox_to_anchor": (0, 1), "alignment": "left"}
    room: Style = {"frameon": False, "borderpad": 0, "borderaxespad": 0.3, "handlelength": 2.6}
    panel.legend([Line2D([], [], linewidth=2.5, **style)], [title], fontsize=9, **where, **room)


def _title(run: RunRecord) -> str:
    """The job's name, over several lines if it is long, its status and its value."""
    lines = run.job.split("_") if len(run.job) > 28 else [run.job]
    facts = [run.status] if run.status != "finished" else []
    value = run.value(run.main)
    facts += [f"{run.main} {number(value['last'])}{run.stale}"] if value else []
    return "\n".join([*lines, ", ".join(facts)]).rstrip()
