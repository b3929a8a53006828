"""The Dirac-GAN: the field of both players' gradients, and trajectories in it."""

from collections.abc import Mapping

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(states: Tensor, fields: Mapping[str, Tensor], trajectories: Mapping[str, Tensor]) -> Figure:
    """A panel for each name: arrows fields[name] [count, 2] at states [count, 2], (theta, psi), and a path [n, 2]."""
    figure, axes = sheet(panels=len(fields), side_by_side=True)
    figure.set_size_inches(0.4 + 3 * len(fields), 3.5)  # the panels are square
    for panel, (name, moves) in zip(axes, fields.items(), strict=True):
        panel.quiver(*states.T, *moves.T, color="0.65", width=0.004, angles="xy")
        path = trajectories[name]
        panel.plot(*path.T, "-", color=COLOURS[0], linewidth=1)
        panel.plot(*path[0], "o", color=COLOURS[0], markersize=5)
        panel.plot(*path[-1], "s", color=COLOURS[1], markersize=5)
        panel.plot(0, 0, "+", color="black", markersize=9)
        low, high = states.min().item(), states.max().item()
        panel.set_xlim(low, high)
        panel.set_ylim(low, high)
        panel.set_aspect("equal")
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("θ, the place of all fakes")
    axes[0].set_ylabel("ψ, the slope of D")
    return figure
