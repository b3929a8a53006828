"""One wrong pixel or some plausible ones: who notices? Of a finished game on faces.

    make study NAME=pixel_errors                                           two cores: 12 minutes, with the training
    make study NAME=pixel_errors ARGS="run=runs/house_recipe/recipe-house_seed-0"            half a minute, without it

Trains conf/experiment/pixel_errors.yaml, the house recipe, or takes the run that is named; of several runs (`run=A,B`,
`seed=0,1,2`) the table has the spread.

Each of COUNT faces x that no training set has gets two neighbours: x with one pixel turned into its opposite colour,
and the face that is drawn when one factor of x changes a little, which is as real as x. Of these pairs only those count
in which the wrong pixel is the smaller error by mean squared difference: a pixel loss prefers it in every one. Whom
does D prefer, the run's, in evaluation mode, and whom before it learned? Writes results.json, the table of README.md,
and pairs.png.
"""

import sys
from collections.abc import Sequence
from statistics import mean
from typing import Any

from saddle_studies.study import Study

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from saddle.data.faces.dataset import Faces, Factors, draw_factors, render_faces
from saddle.data.pixels import from_uint8, grid
from saddle.engine.experiment import Experiment, trained
from saddle.models.discriminating import scoring
from saddle.models.gan import GAN
from saddle.noise import generator
from saddle.runs.folder import RunFolder

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
TITLE = (
    *("the plausible face differs in", "pairs", "pixels changed, median", "its error", "error of the one pixel"),
    *("D: real", "D: one wrong pixel", "D: plausible", "D prefers the plausible one", "D untrained"),
)
Row = dict[str, Any]
"""What was measured of one change."""


def main() -> None:
    """Train or read, measure, write."""
    study = Study(__file__, sys.argv, __doc__ or "", own=("run",))
    measurements = []
    for run in study.runs():
        model, untrained, resolution = _game(run)
        rows, shown = _measured(model, untrained, resolution)
        measurements.append({"run": run.job, "updates": model.updates, "rows": rows})
    study.numbers(measurements)
    study.table("results", TITLE, _cells([one["rows"] for one in measurements]))
    study.picture("pairs", _labelled(grid(shown, SHOWN)))


def _measured(model: GAN, untrained: GAN, resolution: int) -> tuple[list[Row], Tensor]:
    """A row for each of CHANGES, and the first images of all kinds, uint8."""
    factors = draw_factors(SEED, "pixel errors", range(COUNT))
    real = render_faces(factors, resolution)  # uint8 [count, 3, side, side]
    wrong = one_wrong_pixel(real)
    rows, shown = [], [real[:SHOWN], wrong[:SHOWN]]
    for factor, change in CHANGES:
        plausible = render_faces(moved(factors, factor, change), resolution)
        pairs = errors(real, wrong) < errors(real, plausible)
        sides = real[pairs], wrong[pairs], plausible[pairs]
        rows.append(
            {
                "plausible": f"{factor} by {change}",
                "pairs": int(pairs.sum()),
                "error_wrong": float(errors(real, wrong)[pairs].mean() ** 0.5),
                "error_plausible": float(errors(real, plausible)[pairs].mean() ** 0.5),
                "pixels_changed": float(np.median((real != plausible).any(1)[pairs].sum((1, 2)))),
                "trained": preferred(model, *sides),
                "untrained": preferred(untrained, *sides),
            }
        )
        shown.append(plausible[:SHOWN])
    return rows, torch.from_numpy(np.concatenate(shown))


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
    try:
        experiment = trained(run)
    except (LookupError, ValueError) as error:
        sys.exit(f"error: {error}")
    data, model, fresh = experiment.data, experiment.model, Experiment(experiment.config).model
    if not isinstance(model, GAN) or not isinstance(fresh, GAN) or not isinstance(data, Faces):
        sys.exit(f"error: {run.path} is no game on faces: python src/train.py makes one")
    return model, fresh, experiment.config.resolution


def _cells(runs: Sequence[Sequence[Row]]) -> list[list[str]]:
    """The table: of one run the standard error of a share, of several the lowest and the highest."""
    return [
        [
            rows[0]["plausible"],
            f"{rows[0]['pairs']:,}",
            f"{rows[0]['pixels_changed']:.0f}",
            f"{rows[0]['error_plausible']:.3f}",
            f"{rows[0]['error_wrong']:.3f}",
            *(f"{mean(row['trained'][key] for row in rows):+.2f}" for key in ("real", "wrong", "plausible")),
            *(_share([row[when] for row in rows]) for when in ("trained", "untrained")),
        ]
        for rows in zip(*runs, strict=True)
    ]


def _share(measurements: Sequence[dict[str, float]]) -> str:
    shares = [100 * one["share"] for one in measurements]
    if len(measurements) == 1:
        return f"{shares[0]:.1f}% ± {100 * measurements[0]['error']:.1f}"
    return f"{mean(shares):.1f}% ({min(shares):.1f} to {max(shares):.1f})"


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
