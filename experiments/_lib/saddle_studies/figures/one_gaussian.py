"""One Gaussian on two modes."""

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(x: Tensor, data: Tensor, covering: Tensor, seeking: Tensor) -> Figure:
    """Densities [points] at x [points]: the data, the minimum of KL(P || Q), a minimum of KL(Q || P)."""
    figure, (panel,) = sheet(panels=1, side_by_side=True)
    panel.fill_between(x, data, color="0.45", alpha=0.3, linewidth=0, label="$P_{data}$")
    panel.plot(x, covering, color=COLOURS[0], label="covers: min KL($P_{data}$ ‖ Q), maximum likelihood")
    panel.plot(x, seeking, color=COLOURS[1], label="seeks: a minimum of KL(Q ‖ $P_{data}$)")
    panel.set_xlabel("x")
    panel.set_ylabel("density")
    panel.set_ylim(0, 1.45 * max(data.max().item(), seeking.max().item()))
    panel.legend(frameon=False, fontsize=8)
    return figure
