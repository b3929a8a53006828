"""The empty sheet of the figures of the theory."""

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito (2008): distinct with any kind of colour vision."""


def sheet(*, panels: int, side_by_side: bool) -> tuple[Figure, list[Axes]]:
    """An empty figure with panels next to or below one another, and their axes."""
    across, down = (panels, 1) if side_by_side else (1, panels)
    figure = Figure(figsize=(0.6 + 4.6 * across, 0.5 + 2.9 * down), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(down, across, number) for number in range(1, panels + 1)]
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.tick_params(labelsize=8)
    return figure, axes
