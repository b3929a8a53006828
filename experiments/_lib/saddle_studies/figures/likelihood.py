"""Mean log-likelihood and KL over one parameter."""

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(
    theta: Tensor, population: Tensor, sample: Tensor, divergence: Tensor, best: float, counts: Tensor, errors: Tensor
) -> Figure:
    """Left both curves [count] over theta [count]; right deviations of the argmax [sizes] for sample sizes `counts`."""
    figure, (curves, rate) = sheet(panels=2, side_by_side=True)
    curves.plot(theta, population, color=COLOURS[0], label="$E_{P_{data}} \\log p_\\theta$")
    curves.plot(theta, sample, color=COLOURS[0], linewidth=0.9, linestyle=":", label="its mean over a sample")
    curves.plot(theta, -divergence, color=COLOURS[1], label="−KL($P_{data}$ ‖ $P_\\theta$)")
    curves.axvline(best, color="0.45", linestyle="--", linewidth=1)
    curves.set_xlabel("θ")
    curves.set_ylabel("nats")
    curves.set_title(f"one argmax, θ = {best:.4f}", fontsize=10)
    curves.legend(frameon=False, fontsize=8)
    rate.loglog(counts, errors, "o", color=COLOURS[2], label="measured")
    line = errors[0] * (counts[0] / counts).sqrt()
    rate.loglog(counts, line, color="0.45", linewidth=1, label="slope −1/2")
    rate.set_xlabel("samples m")
    rate.set_ylabel("root mean square of argmax − θ*")
    rate.legend(frameon=False, fontsize=8)
    return figure
