"""The JSD along the loop in which D is solved exactly."""

from collections.abc import Mapping

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor


def draw(*, step_sizes: Mapping[str, Tensor], held: Mapping[str, Tensor]) -> Figure:
    """JSD against steps of G: by the size of a step on the left, by the steps against one D on the right.

    Args:
        step_sizes: name of each curve to its JSD in nats, [steps + 1].
        held: the same for several steps of G against each D.
    """
    figure, (left, right) = sheet(panels=2, side_by_side=True)
    for panel, curves in ((left, step_sizes), (right, held)):
        _curves(panel, curves)
    left.set_title("D solved before every step", fontsize=9)
    right.set_title("D held for several steps", fontsize=9)
    left.set_ylabel("JSD (nats)")
    return figure


def _curves(panel: Axes, curves: Mapping[str, Tensor]) -> None:
    for (name, jsd), colour in zip(curves.items(), COLOURS, strict=False):
        panel.plot(range(len(jsd)), jsd, color=colour, label=name, linewidth=1.2)
    panel.set_ylim(0, 1.25 * max(jsd.max().item() for jsd in curves.values()))
    panel.set_xlabel("steps of G")
    panel.legend(fontsize=8, frameon=False, ncols=2, loc="upper right")
