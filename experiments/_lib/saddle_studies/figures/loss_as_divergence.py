"""D's loss read as a divergence: what it proves, and what it does not."""

import math
from collections.abc import Mapping

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(*, jsd: Tensor, losses: Tensor, least: Tensor, apart: Tensor, trained: Mapping[str, Tensor]) -> Figure:
    """L_D against the JSD, with the line below which no discriminator comes.

    Args:
        jsd: of each pair of distributions, in nats, [pairs].
        losses: L_D of discriminators on each pair, in nats, [pairs, discriminators].
        least: L_D at D*, [pairs].
        apart: the JSD of the pairs that networks were trained on, in nats, [trained].
        trained: how long to L_D of those networks, in nats, [trained].
    """
    figure, (panel,) = sheet(panels=1, side_by_side=True)
    several = jsd[:, None].expand_as(losses)
    panel.scatter(several, losses, s=7, color="0.75", label="some D", linewidth=0)
    for colour, (name, reached) in zip(COLOURS[2:], trained.items(), strict=False):
        panel.plot(apart, reached, "o-", color=colour, markersize=4, linewidth=1, label=name)
    panel.scatter(jsd, least, s=14, color=COLOURS[1], label="$D^*$", linewidth=0)
    ends = [0.0, math.log(2)]
    bound = [2 * math.log(2) - 2 * each for each in ends]
    panel.plot(ends, bound, color=COLOURS[6], linewidth=1, label=r"$2 \log 2 - 2 JSD$: no D is below")
    panel.axhline(2 * math.log(2), color="0.5", linestyle="--", linewidth=1, label="D = 1/2 everywhere")
    panel.set_xlabel("JSD (nats)")
    panel.set_ylabel("$L_D$ (nats)")
    panel.set_ylim(0, 4)
    panel.legend(fontsize=8, framealpha=1, loc="upper center")
    return figure
