"""Eigenvalues of an update in the complex plane."""

import math
from collections.abc import Mapping

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(values: Mapping[str, Tensor]) -> Figure:
    """For each name eigenvalues [settings, n], complex, joined in the order of a setting that grows (larger marks)."""
    figure, (panel,) = sheet(panels=1, side_by_side=True)
    turn = [2 * math.pi * step / 256 for step in range(257)]
    panel.fill([math.cos(at) for at in turn], [math.sin(at) for at in turn], color="0.93", zorder=0)
    panel.plot([math.cos(at) for at in turn], [math.sin(at) for at in turn], color="0.45", linewidth=1)
    for colour, (name, of_settings) in zip(COLOURS, values.items(), strict=False):
        sizes = [8 + 30 * place / max(1, len(of_settings) - 1) for place in range(len(of_settings))]
        for label, branch in zip((name, None), of_settings.T, strict=True):
            panel.scatter(
                branch.real, branch.imag, s=sizes, color=colour, label=label, alpha=0.75, linewidth=0, zorder=3
            )
    panel.set_aspect("equal")
    panel.set_xlabel("real part")
    panel.set_ylabel("imaginary part")
    panel.set_title("inside the circle: converges; a larger mark is a larger rate", fontsize=9)
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=2)
    return figure
