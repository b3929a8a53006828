"""One wrong pixel or some plausible ones: who notices? Of a finished game on faces.

    python experiments/pixel_errors/study.py run=RUN                                                half a minute

Each of COUNT faces x that no training set has gets two neighbours: x with one pixel turned into its opposite colour,
and the face that is drawn when one factor of x changes a little, which is as real as x. Of these pairs only those count
in which the wrong pixel is the smaller error by mean squared difference: a pixel loss prefers it in every one. Whom
does D prefer, the run's, in evaluation mode, and whom before it learned? Writes results.json, the table of README.md,
and pairs.png.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from saddle.arguments import arguments
from saddle.building import build_model
from saddle.callbacks.restoring import restore
from saddle.checkpoints import Checkpoints
from saddle.data.faces import Factors, draw_factors, render_faces
from saddle.data.pixels import from_uint8, grid
from saddle.models.gan import GAN
from saddle.models.judging import scoring
from saddle.noise import generator
from saddle.report import readme
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import find_run
from saddle.stored import stored_config

HERE = Path(__file__).resolve().parent
COUNT, SHOWN, SEED = 2_000, 8, 0
CHANGES = (
    ("hair_length", 0.05),
    ("hair_length", 0.15),
    ("hair_volume", 0.2),
    ("face_shape", 0.6),
    ("eye_size", 0.4),
    ("tilt", 0.1),
)
"""A factor, which goes from 0 to 1, and by how much a plausible neighbour differs in it."""


def main() -> None:
    """Measure, and write."""
    given = arguments({"run": "a finished game on faces"}, sys.argv, __doc__ or "")
    run = find_run(given.get("run", "runs/single/default"))
    trained, untrained, resolution = _game(run)
    factors = draw_factors(SEED, "pixel errors", range(COUNT))
    real = render_faces(factors, resolution)  # uint8 [count, 3, side, side]
    found: dict[str, Any] = {"run": run.job, "updates": trained.updates, "rows": []}
    shown: list[Tensor] = [torch.from_numpy(real[:SHOWN])]
    wrong = one_wrong_pixel(real)
    shown.append(torch.from_numpy(wrong[:SHOWN]))
    for factor, change in CHANGES:
        plausible = render_faces(moved(factors, factor, change), resolution)
        pairs = errors(real, wrong) < errors(real, plausible)
        before = preferred(untrained, real[pairs], wrong[pairs], plausible[pairs])
        after = preferred(trained, real[pairs], wrong[pairs], plausible[pairs])
        found["rows"].append(
            {
                "plausible": f"{factor} by {change}",
                "pairs": int(pairs.sum()),
                "error_wrong": float(errors(real, wrong)[pairs].mean() ** 0.5),
                "error_plausible": float(errors(real, plausible)[pairs].mean() ** 0.5),
                "pixels_changed": float(np.median((real != plausible).any(1)[pairs].sum((1, 2)))),
                "trained": after,
                "untrained": before,
            }
        )
        shown.append(torch.from_numpy(plausible[:SHOWN]))
    (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    readme.replace(HERE / "README.md", "results", _table(found["rows"]))
    _labelled(grid(torch.cat(shown), SHOWN)).save(HERE / "pairs.png", optimize=True)
    print(_table(found["rows"]))


def one_wrong_pixel(images: np.ndarray) -> np.ndarray:
    """Each image with one pixel at random, but for the border, as far from its colour as a colour can be."""
    count, _, height, width = images.shape
    draw = generator(SEED, "wrong pixels")
    y, x = draw.integers(1, height - 1, count), draw.integers(1, width - 1, count)
    changed = images.copy()
    before = changed[np.arange(count), :, y, x]  # [count, 3]
    changed[np.arange(count), :, y, x] = np.where(before < 128, 255, 0)
    return changed


def moved(factors: Factors, name: str, change: float) -> Factors:
    """The same faces with one factor `change` further from 0, or nearer where it would leave [0, 1]."""
    value = factors[name]
    return {**factors, name: np.where(value + change <= 1, value + change, value - change)}


def errors(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean squared difference in units of x, [count]."""
    difference = (images.astype(np.float64) - others) / 127.5
    return np.square(difference).mean((1, 2, 3))


def preferred(model: GAN, real: np.ndarray, wrong: np.ndarray, plausible: np.ndarray) -> dict[str, float]:
    """D's mean logits of the three sides, and the share of pairs in which it prefers the plausible one."""

    def logits(side: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(side).split(250)
        with torch.no_grad(), scoring(model.discriminator) as critic:
            return torch.cat([critic(from_uint8(part)) for part in parts]).double().numpy()

    of_real, low, high = (logits(side) for side in (real, wrong, plausible))
    right = high > low
    return {
        "real": float(of_real.mean()),
        "wrong": float(low.mean()),
        "plausible": float(high.mean()),
        "share": float(right.mean()),
        "error": float(right.std() / len(right) ** 0.5),
    }


def _game(run: RunFolder) -> tuple[GAN, GAN, int]:
    """The run's game, the same before its first update, and the side of its images."""
    cfg = stored_config(run, files=True)
    model, fresh = build_model(cfg), build_model(cfg)
    state, _ = Checkpoints(run.checkpoints).load()
    if (
        not isinstance(model, GAN)
        or not isinstance(fresh, GAN)
        or state is None
        or not cfg.data._target_.endswith("Faces")
    ):
        sys.exit(f"error: {run.path} is no finished game on faces: python src/train.py makes one")
    restore(model, state)
    return model, fresh, cfg.resolution


def _table(rows: list[dict[str, Any]]) -> str:
    title = ["the plausible face differs in", "pairs", "pixels changed, median", "its error", "error of the one pixel"]
    title += ["D: real", "D: one wrong pixel", "D: plausible", "D prefers the plausible one", "D untrained"]
    cells = [
        [
            row["plausible"],
            f"{row['pairs']:,}",
            f"{row['pixels_changed']:.0f}",
            f"{row['error_plausible']:.3f}",
            f"{row['error_wrong']:.3f}",
            *(f"{row['trained'][key]:+.2f}" for key in ("real", "wrong", "plausible")),
            *(f"{100 * row[when]['share']:.1f}% ± {100 * row[when]['error']:.1f}" for when in ("trained", "untrained")),
        ]
        for row in rows
    ]
    return readme.table(title, cells)


def _labelled(picture: Image.Image) -> Image.Image:
    names = ["real", "one wrong pixel", *(f"{name} {change}" for name, change in CHANGES)]
    sheet = Image.new("RGB", (picture.width + 120, picture.height), "white")
    sheet.paste(picture, (120, 0))
    pen = ImageDraw.Draw(sheet)
    for place, name in enumerate(names):
        pen.text((4, (place + 0.4) * picture.height / len(names)), name, fill="black", font_size=12)
    return sheet


if __name__ == "__main__":
    main()
