"""What each objective of G descends at D*."""

from saddle_studies.figures.sheet import COLOURS, sheet

import torch
from matplotlib.figure import Figure
from torch import Tensor


def draw(share: Tensor, data: float, minimax: Tensor, nonsaturating: Tensor) -> Figure:
    """Divergences [count] over G's probability of the first of two points, share [count], and the data's."""
    figure, (panel,) = sheet(panels=1, side_by_side=True)
    panel.plot(share, minimax, color=COLOURS[1], label="minimax: 2 JSD($P_{data}$ ‖ $P_G$)")
    panel.plot(share, nonsaturating, color=COLOURS[0], label="non-saturating: KL($P_G$ ‖ $P_{data}$) − 2 JSD")
    panel.axvline(data, color="0.45", linestyle="--", linewidth=1)
    top = torch.stack([minimax, nonsaturating]).max().item()
    panel.text(data, top, " $P_{data}$", fontsize=8, color="0.35", va="top")
    panel.set_xlabel("$P_G$ of the first of two points")
    panel.set_ylabel("descended at D* (nats)")
    panel.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.38, 1))
    return figure
