"""Two densities on the line, the best discriminator between them, and one that was trained."""

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(*, x: Tensor, p: Tensor, q: Tensor, optimum: Tensor, trained: Tensor, distance: float) -> Figure:
    """Densities above, s(D*) and s(D) below.

    Args:
        x: places on the line, ascending, [count].
        p, q: densities of data and generator there, [count].
        optimum, trained: logits there, [count].
        distance: of both, root mean square in probability.
    """
    figure, (above, below) = sheet(panels=2, side_by_side=False)
    for density, name, colour in ((p, "$P_{data}$", COLOURS[0]), (q, "$P_G$", COLOURS[1])):
        above.plot(x, density, color=colour, label=name)
        above.fill_between(x, density, color=colour, alpha=0.15, linewidth=0)
    above.set_ylabel("density (1 / unit of x)")
    above.set_ylim(bottom=0)
    below.plot(x, optimum.sigmoid(), color=COLOURS[6], label=r"$D^* = P_{data} / (P_{data} + P_G)$")
    below.plot(x, trained.sigmoid(), color=COLOURS[3], linestyle="--", label=f"trained D, {distance:.2g} from $D^*$")
    below.axhline(0.5, color="0.6", linewidth=0.8)
    below.set_ylim(-0.03, 1.03)
    below.set_ylabel("D(x), probability of data")
    below.set_xlabel("x")
    for panel in (above, below):
        panel.set_xlim(x[0].item(), x[-1].item())
        panel.legend(fontsize=8, frameon=False)
    return figure
