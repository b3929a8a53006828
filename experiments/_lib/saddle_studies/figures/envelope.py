"""A maximum of a few discriminators over a generator's parameter, and descent on it."""

from saddle_studies.figures.sheet import COLOURS, sheet
from saddle_studies.theory.maximum import Descent

from matplotlib.figure import Figure
from torch import Tensor


def draw(theta: Tensor, branches: Tensor, optimal: Tensor, descent: Descent) -> Figure:
    """V(theta, D_i) [count, n] and max over all D [count], both in nats, at theta [count], and a descent's path."""
    figure, (panel,) = sheet(panels=1, side_by_side=True)
    value, active = branches.max(-1)
    for i, branch in enumerate(branches.T):
        panel.plot(theta, branch, color=COLOURS[i], linewidth=1, linestyle="--")
        panel.plot(theta, value.where(active == i, float("nan")), color=COLOURS[i], linewidth=2.5, label=f"$D_{i + 1}$")
    panel.plot(theta, optimal, color="0.45", linewidth=1, label="max over every D: −2 log 2 + 2 JSD")
    panel.plot(descent.theta, descent.value, "k.-", label="descent on the maximum", markersize=4, linewidth=0.7)
    panel.set_ylim(branches.max(-1).values.min().item() - 0.6, value.max().item() + 0.1)
    panel.set_xlabel("θ, the generator's parameter")
    panel.set_ylabel("V($G_θ$, D) (nats)")
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3)
    return figure
