"""What k steps of D leave of max V."""

from collections.abc import Mapping

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(*, values: Mapping[str, Tensor], greatest: float) -> Figure:
    """V(D_k) below its bound on the left, with the greatest fall marked, if there is one; the gap on the right.

    Args:
        values: name of each discriminator to V after k = 0, 1, ... steps, [steps + 1], in nats.
        greatest: max_D V = -2 log 2 + 2 JSD, in nats.
    """
    figure, (left, right) = sheet(panels=2, side_by_side=True)
    left.axhline(greatest, color=COLOURS[6], linestyle="--", linewidth=1, label=r"$\max_D V = -2 \log 2 + 2 JSD$")
    for (name, value), colour in zip(values.items(), COLOURS, strict=False):
        left.plot(range(len(value)), value, color=colour, label=name, linewidth=1.2)
        right.plot(range(1, len(value) + 1), greatest - value, color=colour, label=name, linewidth=1.2)
        k = int(value.diff().argmin()) + 1
        if value[k] < value[k - 1]:
            left.annotate(
                f"k = {k}: steps too long",
                (k, value[k].item()),
                xytext=(-70, -18),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                arrowprops={"arrowstyle": "-", "color": "0.45"},
            )
    left.set_xlabel("k, steps of D")
    left.set_ylabel("V (nats)")
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xlabel("k + 1")
    right.set_ylabel(r"$\max_D V - V(D_k)$ (nats)")
    left.legend(fontsize=8, frameon=False)
    return figure
