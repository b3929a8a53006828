"""Generators that learn without a discriminator: what do they draw, what lies between two codes?

    make study NAME=generator_alone        two cores: 12 minutes
    make study NAME=generator_alone ARGS="seed=0 updates=200 out=/tmp/look name=look"        a first look

Trains conf/experiment/generator_alone.yaml: fixed codes, learned codes, an autoencoder, a VAE, on the networks of the
default game, two seeds. Then, of every finished run: the Frechet distance of training images that are given back, of
what lies half-way between the codes of two of them, of samples and of what lies half-way between two samples; and how
long the line between two images' codes is in features, over the distance of its ends. And
conf/experiment/generator_alone_plane.yaml, an autoencoder and a VAE of digits with codes of two numbers, in a minute.
Writes results.json, the table of README.md, codes.png, plane_autoencoder.png and plane_vae.png.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from saddle_studies.midpoints import midpoints
from saddle_studies.study import Study

import torch
from PIL import Image
from torch import Tensor

from saddle.data.base import Data
from saddle.engine.experiment import Experiment, trained
from saddle.models.fixed_code import FixedCode
from saddle.models.regression import RegressionModel
from saddle.noise import noise
from saddle.runs.folder import RunFolder
from saddle.samples.codes.path_length import PathLength, moments_in_time, path_length, squared_distances, squared_speeds
from saddle.samples.codes.paths import linear
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.views.plane import plane
from saddle.samples.codes.views.sheet import Row, sheet

SEED = 0
"""Of the images that are given back and joined: the same for every run."""
PATHS = 1_000
PLACES, LINES = 7, 2
"""Columns of a part of the picture; rows for each rule."""
PLANE = 12
"""Rows and columns of the code plane."""
FROM_LOG = ("reconstruction_train", "reconstruction", "code_correlation")
COLUMNS = {
    "reconstruction_train": "error on training images",
    "reconstruction": "on held-out ones",
    "code_correlation": "do near codes belong to near images?",
    "fd_given_back": "fd: given back",
    "fd_between_images": "fd: half-way between two images' codes",
    "fd_samples": "fd: samples",
    "fd_between_samples": "fd: half-way between two samples",
    "diversity": "diversity of samples",
    "detour": "detour",
}


def main() -> None:
    """Train, measure, draw, write."""
    study = Study(__file__, sys.argv, __doc__ or "", own=("run",))
    measurements: dict[str, list[dict[str, Any]]] = {}
    rows: list[Row] = []
    for run in study.runs():
        experiment = trained(run)
        data, model = experiment.data, experiment.model
        if not isinstance(model, RegressionModel):
            sys.exit(f"error: {run.path}: {type(model).__name__} is no generator that learns alone")
        if not measurements:
            rows += _real(data)
        name = _name(model)
        if name not in measurements:
            rows += _drawn(name, data, model)
        measurements.setdefault(name, []).append(
            {"run": run.job, "updates": model.updates, **_measured(run, experiment, model)}
        )
    study.numbers(measurements)
    study.table("results", ["rule", *COLUMNS.values()], [_cells(name, seeds) for name, seeds in measurements.items()])
    study.picture("codes", _picture(data, rows))
    for run in study.finished("generator_alone_plane"):
        plane_of = trained(run)
        digits, model = plane_of.data, plane_of.model
        assert isinstance(model, RegressionModel)
        subject = Subject(model=model, data=digits, extractor=None, seed=SEED, label=None, threshold=None)
        study.picture(f"plane_{_name(model).lower()}", plane(subject, PLANE).picture)


def halfway(model: RegressionModel, indices: Sequence[int]) -> Tensor:
    """G(0.5 a + 0.5 b), a and b the codes of training samples 2i and 2i + 1: [len(indices), *shape]."""
    return model.decode(linear(*_ends(model, indices), 0.5))


def _ends(model: RegressionModel, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
    codes = model.codes_of(SEED, range(2 * indices[0], 2 * indices[-1] + 2))  # indices follow one another
    return codes[::2], codes[1::2]


def _measured(run: RunFolder, experiment: Experiment, model: RegressionModel) -> dict[str, float]:
    """The results of the last evaluation, and further measurements on as many images."""
    last: dict[str, float] = {}
    for line in run.metrics():
        last |= line
    data, evaluator = experiment.data, experiment.evaluator
    assert evaluator is not None
    metric = evaluator.main_metric
    extractor = experiment.extractors[0]

    def distance(draw: Callable[[Sequence[int]], Tensor]) -> float:
        return evaluator(draw)[metric]

    length = _length(model, Subject(model=model, data=data, extractor=extractor, seed=SEED, label=None, threshold=None))
    return {name: last[name] for name in FROM_LOG if name in last} | {
        "fd_given_back": distance(
            lambda indices: model.decode(model.codes_of(SEED, range(indices[0], indices[-1] + 1)))
        ),
        "fd_between_images": distance(lambda indices: halfway(model, indices)),
        "fd_samples": last[metric],
        "fd_between_samples": distance(lambda indices: midpoints(model, indices, experiment.config.seed)),
        "diversity": last[f"diversity_{extractor.name}"],
        "path_length": length.length,
        "path_straight": length.straight,
        "detour": length.detour,
    }


def _length(model: RegressionModel, subject: Subject) -> PathLength:
    """Of the lines between the codes of two training images."""
    a, b = _ends(model, range(PATHS))
    t = moments_in_time(noise(SEED, "path length", 0, range(PATHS), (1,), "uniform"))

    def features(codes: Tensor) -> Tensor:
        return subject.features(subject.decode(codes, None))

    return path_length(squared_speeds(features, linear, a, b, t), squared_distances(features, a, b))


def _name(model: RegressionModel) -> str:
    if isinstance(model, FixedCode):
        return "learned codes" if model.learned else "fixed codes"
    return {"Autoencoder": "autoencoder"}.get(type(model).__name__, type(model).__name__)


def _positions(line: int) -> tuple[range, Sequence[int]]:
    """Training samples that are given back in a row of the picture, and the pair (by number) that is joined."""
    return range(PLACES * line, PLACES * (line + 1)), [PLACES * LINES + line]


def _real(data: Data) -> list[Row]:
    """Held-out images, training images, and the line between two of them pixel by pixel."""
    rows = []
    for line in range(LINES):
        given, (pair,) = _positions(line)
        fresh = data.unseen(SEED, given, torch.device("cpu"))
        ends = data.sample(SEED, range(2 * pair, 2 * pair + 2), torch.device("cpu"))
        way = torch.lerp(ends[:1], ends[1:], torch.linspace(0, 1, PLACES)[:, None, None, None])
        rows.append(Row("real" if line == 0 else "", torch.cat([fresh, data.sample(SEED, given, fresh.device), way])))
    return rows


def _drawn(name: str, data: Data, model: RegressionModel) -> list[Row]:
    """Samples, the training images of `_real` given back, and the line between the codes of the same two."""
    rows = []
    for line in range(LINES):
        given, pair = _positions(line)
        a, b = _ends(model, pair)  # [1, code_size] each
        codes = linear(a, b, torch.linspace(0, 1, PLACES)[:, None])
        back = model.decode(model.codes_of(SEED, given))
        rows.append(Row(name if line == 0 else "", torch.cat([model.sample(given, SEED), back, model.decode(codes)])))
    return rows


def _picture(data: Data, rows: Sequence[Row]) -> Image.Image:
    blank, middle = [""] * (PLACES // 2), PLACES // 2
    heads = [*blank, "samples", *blank, *blank, "training images, given back", *blank]
    heads += ["a", *[""] * (middle - 1), "0.5a + 0.5b", *[""] * (middle - 1), "b"]
    title = "Without a discriminator. To the right the line between the codes a and b of two training images"
    return sheet(data, title, heads, rows, PLACES)


def _cells(name: str, seeds: Sequence[dict[str, Any]]) -> list[str]:
    """A row of the table, the seeds one after the other."""
    cells = [" / ".join(_short(one[key]) for one in seeds if key in one) or "-" for key in COLUMNS]
    return [name, *cells]


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1_000 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
