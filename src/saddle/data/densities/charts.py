"""Charts of samples next to their known distribution, without smoothing."""

from functools import lru_cache

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from saddle.theory.gaussian_mixture import GaussianMixture

SAMPLES, TRUTH = "#D55E00", "0.35"
DPI = 100
NODES = 241
MARGIN = 5.0
"""Extent beyond the outermost modes, in deviations."""


def plane_chart(x: Tensor, truth: GaussianMixture) -> Image.Image:
    """Samples x [count, 2] over contours at e^(-k^2 / 2) of the largest density, k = 1, 2, 3."""
    figure, panel = _square(f"{len(x):,} samples; lines: the target's density")
    first, second, heights = _landscape(truth)
    levels = heights.max() * np.exp(-(np.array([3, 2, 1]) ** 2) / 2)
    panel.contour(first, second, heights, levels=levels, colors=TRUTH, linewidths=0.7)
    _scatter(panel, x)
    _frame(panel, x, (first[0], first[-1]), (second[0], second[-1]))
    return _image(figure)


def atoms_chart(x: Tensor, points: Tensor, probabilities: Tensor) -> Image.Image:
    """Samples x [count, 2] over rings around the points [count, 2], whose area is the probability."""
    figure, panel = _square(f"{len(x):,} samples; rings: the target's points, area as probability")
    first, second = points.T.numpy()
    panel.scatter(first, second, s=4000 * probabilities.numpy(), facecolors="none", edgecolors=TRUTH, linewidths=1)
    for point, probability in zip(points.tolist(), probabilities.tolist(), strict=True):
        panel.annotate(f"{probability:.2f}", point, (0, 24), textcoords="offset points", ha="center", color=TRUTH)
    _scatter(panel, x)
    reach = float(points.abs().max()) + 0.3
    _frame(panel, x, (-reach, reach), (-reach, reach))
    return _image(figure)


def line_chart(x: Tensor, truth: GaussianMixture) -> Image.Image:
    """Samples x [count, 1] as strokes below the target's density, and both distribution functions."""
    figure = Figure(figsize=(9, 4), dpi=DPI, layout="constrained")
    density, function = figure.subplots(1, 2)
    low, high = _range(truth.means[:, 0], truth.deviations)
    at = torch.linspace(low, high, 1001, dtype=torch.float64)[:, None]  # [nodes, 1]
    heights = truth.log_prob(at).exp().numpy()
    values = x[:, 0].double().cpu().sort().values.numpy()
    density.plot(at[:, 0].numpy(), heights, color=TRUTH, label="target")
    density.plot(values, np.full(len(values), -0.06 * heights.max()), "|", color=SAMPLES, alpha=0.3, markersize=14)
    density.set_ylabel("density")
    function.plot(at[:, 0].numpy(), truth.cdf(at).numpy(), color=TRUTH, label="target")
    function.step(values, np.arange(1, len(values) + 1) / len(values), where="post", color=SAMPLES, label="samples")
    function.set_ylabel("share of x that are smaller")
    function.legend(frameon=False)
    for panel in (density, function):
        panel.set_xlabel("x")
        panel.set_xlim(min(low, float(values[0])), max(high, float(values[-1])))
        panel.spines[["top", "right"]].set_visible(False)
    density.set_title(f"target, and {len(values):,} samples as strokes", fontsize=10)
    return _image(figure)


def _square(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 6), dpi=DPI, layout="constrained")
    panel = figure.add_subplot()
    panel.set_title(title, fontsize=10)
    panel.set_aspect("equal")
    panel.set_xlabel("$x_1$")
    panel.set_ylabel("$x_2$")
    return figure, panel


def _scatter(panel: Axes, x: Tensor) -> None:
    panel.plot(*x.double().cpu().T.numpy(), ".", color=SAMPLES, alpha=0.5, markersize=4, markeredgewidth=0, zorder=3)


def _frame(panel: Axes, x: Tensor, *ranges: tuple[float, float]) -> None:
    """Set the limits to the target's range, or wider if samples are outside."""
    lowest, highest = x.double().min(0).values.tolist(), x.double().max(0).values.tolist()
    limits = [(min(a, b), max(c, d)) for (a, c), b, d in zip(ranges, lowest, highest, strict=True)]
    panel.set_xlim(limits[0])
    panel.set_ylim(limits[1])


@lru_cache(maxsize=4)
def _landscape(truth: GaussianMixture) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Nodes of both axes [nodes], and the density there [nodes, nodes], rows of equal x2."""
    axes = [torch.linspace(*_range(mean, truth.deviations), NODES, dtype=torch.float64) for mean in truth.means.T]
    points = torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1)  # [nodes, nodes, 2]
    return axes[0].numpy(), axes[1].numpy(), truth.log_prob(points).exp().numpy()


def _range(means: Tensor, deviations: Tensor) -> tuple[float, float]:
    margin = MARGIN * deviations
    return float((means - margin).min()), float((means + margin).max())


def _image(figure: Figure) -> Image.Image:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
