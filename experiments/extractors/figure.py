"""The figure of the study: beside each curve the images that it was measured on."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from saddle.data.pixels import grid

matplotlib.use("Agg")
import matplotlib.pyplot as plt

LABELS = {
    "blur": "blur, deviation in pixels",
    "grain": "noise, deviation in grey levels",
    "pixelate": "pixelation, side of a tile in pixels",
    "swap_halves": "swapped halves, share of the images",
    "lose_modes": "dropped modes, share of the factor",
}


def draw(results: dict[str, dict], examples: dict[str, dict[str, list[Tensor]]], path: Path) -> None:
    """One row per degradation; for each data set six images at each strength, and both distances."""
    sets = len(results)
    sheet, axes = plt.subplots(len(LABELS), 2 * sets, figsize=(17, 10), width_ratios=[3, 1] * sets, dpi=100)
    for column, (name, curves) in enumerate(results.items()):
        for row, (degradation, label) in enumerate(LABELS.items()):
            rows = curves["degradations"][degradation]
            strengths = [f"{point['strength']:g}" for point in rows]
            left, right = axes[row][2 * column : 2 * column + 2]
            left.imshow(_strip(examples[name][degradation]), interpolation="nearest")
            left.set_title(f"{name}: {label}: {', '.join(strengths)}", fontsize=9, loc="left")
            left.axis("off")
            _curve(right, strengths, [point["fd"] for point in rows], "tab:blue", "fd")
            _curve(right.twinx(), strengths, [point["kd"] for point in rows], "tab:orange", "kd")
    sheet.tight_layout()
    sheet.savefig(path)
    plt.close(sheet)
    Image.open(path).quantize(256).save(path, optimize=True)  # a third of the size


def _curve(axes: Axes, strengths: list[str], values: list[float], colour: str, label: str) -> None:
    axes.plot(strengths, values, color=colour, marker="o", markersize=3)
    axes.set_ylabel(label, color=colour, fontsize=8)
    axes.set_ylim(bottom=min(0, *values))
    axes.tick_params(labelsize=7)


def _strip(examples: list[Tensor]) -> np.ndarray:
    """The strengths side by side, two columns of images each."""
    blocks = [np.array(grid(images, columns=2, smallest=32, gap=2).convert("RGB")) for images in examples]
    space = np.full((blocks[0].shape[0], 10, 3), 255, dtype=np.uint8)
    return np.concatenate([part for block in blocks for part in (block, space)], axis=1)
