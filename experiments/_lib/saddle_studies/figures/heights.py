"""Three generators and the heights max over D of V."""

import math

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure
from torch import Tensor


def draw(x: Tensor, data: Tensor, generators: Tensor, heights: Tensor) -> Figure:
    """Left densities at x [points], the data's [points] and those of G_i [n, points]; right heights [n] in nats."""
    figure, (densities, values) = sheet(panels=2, side_by_side=True)
    densities.fill_between(x, data, color="0.45", alpha=0.3, linewidth=0, label="$P_{data}$")
    best = int(heights.argmin())
    for i, (density, height) in enumerate(zip(generators, heights.tolist(), strict=True)):
        densities.plot(x, density, color=COLOURS[i], label=f"$G_{i + 1}$")
        values.vlines(i + 1, -2 * math.log(2), height, color=COLOURS[i], linewidth=2)
        values.plot(i + 1, height, "o", color="red" if i == best else COLOURS[i])
        values.annotate(
            f"{height:.3f}".replace("-", "−"),
            (i + 1, height),
            (6, 0),
            textcoords="offset points",
            fontsize=8,
            va="center",
        )
    values.axhline(-2 * math.log(2), color="0.45", linestyle="--", linewidth=1)
    values.text(0.55, -2 * math.log(2) - 0.02, "−2 log 2: $P_G = P_{data}$", fontsize=8, color="0.35", va="top")
    values.axhline(0, color="0.45", linewidth=0.8)
    values.set_ylim(-1.55, 0.06)
    densities.set_xlabel("x")
    densities.set_ylabel("density")
    densities.legend(frameon=False, fontsize=8)
    values.set_xticks(range(1, len(heights) + 1), [f"$G_{i + 1}$" for i in range(len(heights))])
    values.set_xlim(0.5, len(heights) + 0.7)
    values.set_ylabel("max over D of V(G, D) (nats)")
    values.set_title(f"argmin: $G_{best + 1}$", fontsize=10)
    return figure
