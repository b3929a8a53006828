"""G's gradient under both objectives against D's confidence."""

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(
    logits: Tensor, minimax: Tensor, nonsaturating: Tensor, confidence: Tensor, norms_minimax: Tensor, norms: Tensor
) -> Figure:
    """Left the forces [count] at logits [count]; right norms of a network's gradient [trained] at D's mean logit."""
    figure, (force, norm) = sheet(panels=2, side_by_side=True)
    look = {"marker": "o", "markersize": 4}
    for panel, x, slow, fast, style in (
        (force, logits, minimax, nonsaturating, {}),
        (norm, confidence, norms_minimax, norms, look),
    ):
        panel.semilogy(x, slow, color=COLOURS[1], label="minimax, log(1 − D)", **style)
        panel.semilogy(x, fast, color=COLOURS[0], label="non-saturating, −log D", **style)
    force.set_xlabel("logit of a fake, log D / (1 − D)")
    force.set_ylabel("force on the logit, $|dL_G / dl|$")
    force.set_title("one fake, closed form", fontsize=10)
    norm.set_xlabel("mean logit of D on the fakes")
    norm.set_ylabel("norm of G's gradient")
    norm.set_title("a network G, D trained to that confidence", fontsize=10)
    norm.legend(frameon=False, fontsize=8)
    return figure
