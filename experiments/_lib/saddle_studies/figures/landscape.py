"""A discriminator on the line, round by round: the lecture's picture of how D alone learns (I.3)."""

from collections.abc import Sequence

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(
    *,
    rounds: Sequence[int],
    x: Tensor,
    heights: Tensor,
    density: Tensor,
    starts: Sequence[Tensor],
    ends: Sequence[Tensor],
) -> Figure:
    """A panel for each of the rounds: D's logit over x, the density of the data, where the search began and ended.

    Args:
        rounds: their numbers, [panels].
        x: the grid, [points].
        heights: D's logit after each round, [panels, points].
        density: of the data on the grid, [points], to any scale.
        starts, ends: of the next search, [n] for each panel.
    """
    figure, panels = sheet(panels=len(rounds), side_by_side=True)
    figure.set_size_inches(0.6 + 2.4 * len(rounds), 2.9)
    low, high = float(heights.min()), float(heights.max())
    unit = (high - low) / 10  # of the strips below the curves
    for i, panel in enumerate(panels):
        panel.fill_between(x, low, low + 8 * unit * density / density.max(), color="0.85", label="density of the data")
        panel.plot(x, heights[i], color=COLOURS[0], linewidth=1.3, label="D, its logit")
        for row, (points, colour, name) in enumerate(
            ((starts[i], COLOURS[4], "search begins"), (ends[i], COLOURS[1], "search ends: negatives"))
        ):
            bottom = low - (1.3 + row) * unit
            panel.vlines(points, bottom, bottom + 0.8 * unit, color=colour, linewidth=0.5, alpha=0.7, label=name)
        panel.set_title(f"after round {rounds[i]:,}", fontsize=9)
        panel.set_xlabel("x")
        panel.set_ylim(low - 2.6 * unit, high + unit)
        panel.tick_params(labelleft=i == 0)
    panels[0].set_ylabel("logit (higher: more real)")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure
