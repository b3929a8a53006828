"""What the figures share: colours that everybody can tell apart, and quiet axes."""

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"
"""Okabe and Ito (2008): told apart with any kind of colour vision, and by their brightness."""
COLOURS = (BLUE, ORANGE, GREEN, PINK, "#56B4E9", "#E69F00")


def panels(across: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `across` panels side by side, each of that width and height in inches."""
    figure = Figure(figsize=(across * width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(1, across, place + 1) for place in range(across)]
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.tick_params(labelsize=8)
    return figure, axes
