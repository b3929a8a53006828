"""What D proves of the JSD against the JSD, in training."""

import math
from collections.abc import Mapping

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor

LOWEST = -0.3
"""Bounds below this are not drawn: nothing is proved below 0."""


def draw(panels: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """A panel for each name: points (JSD, bound) [count, 2] in nats for each data set, and the line no D is above."""
    figure, axes = sheet(panels=len(panels), side_by_side=True)
    proven = [float(pairs[:, 1].min()) for points in panels.values() for pairs in points.values() if len(pairs)]
    low = max(LOWEST, min([0.0, *proven]))
    names = list(dict.fromkeys(name for points in panels.values() for name in points))
    for panel, (title, points) in zip(axes, panels.items(), strict=True):
        panel.plot([0, math.log(2)], [0, math.log(2)], color="0.3", linewidth=1, label="bound = JSD, as of D*")
        for name, pairs in points.items():
            colour = COLOURS[names.index(name) % len(COLOURS)]
            panel.scatter(pairs[:, 0], pairs[:, 1], s=12, color=colour, alpha=0.7, linewidth=0, label=name)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("JSD (nats)")
        panel.set_xlim(-0.02, 0.72)
        panel.axhline(0, color="0.6", linewidth=0.8)
        panel.set_ylim(low - 0.03, 0.72)
    axes[0].set_ylabel("jsd_bound, what D proves (nats)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure
