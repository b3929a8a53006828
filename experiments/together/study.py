"""The same networks trained by each rule, at equal nominal seconds: samples, midpoints, cost of a sample.

    make study NAME=together [ARGS="budget=3000"]       two cores: 50 minutes; goes on where it was broken off

Each rule of rules.yaml has its own number of updates: as many as take the nominal seconds of `budget` updates of the
default game, by the median seconds of an update in experiments/speed/results/costs.json. Then the finished models are
measured: their last evaluation; the Frechet distance of images decoded half-way between the codes of two samples; the
median seconds of drawing 64 samples. Writes results.json, the table of README.md, and grids.png.
"""

import json
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from saddle_studies.grouped import plus_minus
from saddle_studies.midpoints import midpoints
from saddle_studies.study import Study

from omegaconf import OmegaConf
from PIL import Image, ImageDraw

from saddle.engine.experiment import trained
from saddle.models.base import CodedModel
from saddle.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
COSTS = HERE.parent / "speed" / "results" / "costs.json"
DEFAULT = "the default game"
METRICS = ("fd_faces", "kd_faces", "precision_faces", "recall_faces", "diversity_faces")
BUDGET = 2_000
TIMED = 64
SIDE = 4
"""Samples of a row and of a column of a rule's grid."""


def main() -> None:
    """Train what is not trained yet, measure, write."""
    study = Study(__file__, sys.argv, __doc__ or "", own=["budget"])
    budget = int(study.options.get("budget", BUDGET))
    rules: Any = OmegaConf.to_container(OmegaConf.load(HERE / "rules.yaml"))
    measurements: dict[str, list[dict[str, Any]]] = {}
    runs: dict[str, list[RunFolder]] = {}
    for name, settings in rules.items():
        updates = round(budget / _cost(settings[0] if settings else DEFAULT))
        runs[name] = study.finished("together", *settings, f"updates={updates}", part=name)
        measurements[name] = [_measured(run) for run in runs[name]]
    study.numbers(measurements)
    study.table("results", *_table(measurements))
    study.picture("grids", _grids(runs))


def _cost(model: str) -> float:
    """Of an update, over that of the default game."""
    seconds = json.loads(COSTS.read_text())["seconds"]
    if model not in seconds:
        sys.exit(f"error: {COSTS} does not know {model}: python experiments/speed/costs.py only=model measures it")
    return seconds[model][1] / seconds[DEFAULT][1]


def _measured(run: RunFolder) -> dict[str, Any]:
    """What a finished run comes to, and what its model does half-way between two codes."""
    experiment = trained(run)
    model, evaluator = experiment.model, experiment.evaluator
    last: dict[str, float] = {}
    for line in run.metrics():
        last |= line
    measurements = {
        "updates": model.updates,
        **{name: last[name] for name in METRICS},
        "ms_per_sample": 1e3 * _seconds(model) / TIMED,
    }
    if isinstance(model, CodedModel) and evaluator is not None:
        between = evaluator(lambda indices: midpoints(model, indices, experiment.config.seed))
        measurements["fd_midpoints"] = between[METRICS[0]]
    return measurements


def _seconds(model: Any) -> float:
    """Median seconds of drawing TIMED samples, of five."""
    times = []
    for _ in range(6):
        began = perf_counter()
        model.sample(range(TIMED), 0)
        times.append(perf_counter() - began)
    return statistics.median(times[1:])


def _table(measurements: dict[str, list[dict[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """A row for each rule, mean and t interval over its seeds; of the cost the median."""
    digits = dict(zip(METRICS, (1, 3, 2, 2, 2), strict=True)) | {"fd_midpoints": 0}
    rows = []
    for name, seeds in measurements.items():
        cells = [plus_minus([seed[key] for seed in seeds if key in seed], count) for key, count in digits.items()]
        cost = statistics.median(seed["ms_per_sample"] for seed in seeds)
        rows.append([f"`{name}`", f"{seeds[0]['updates']:,}", *cells, f"{cost:.2g}"])
    return ["rule", "updates", *METRICS, "fd of midpoints", "ms a sample"], rows


def _grids(runs: dict[str, list[RunFolder]]) -> Image.Image:
    """Samples of the first seed side by side, reals first; below them what lies half-way between two codes."""
    columns: list[tuple[str, Image.Image, Image.Image | None]] = []
    indices = range(SIDE**2)
    for name, (run, *_) in runs.items():
        experiment = trained(run)
        cfg, data, model = experiment.config, experiment.data, experiment.model
        if not columns:
            columns.append(("real", data.render(data.sample(cfg.seed, indices, model.device), columns=SIDE), None))
        between = (
            data.render(midpoints(model, indices, cfg.seed), columns=SIDE) if isinstance(model, CodedModel) else None
        )
        columns.append((name, data.render(model.sample(indices, cfg.seed), columns=SIDE), between))
    width, height = columns[0][1].size
    sheet = Image.new("RGB", (len(columns) * (width + 12), 2 * height + 52), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (name, grid, between) in enumerate(columns):
        left = place * (width + 12)
        pen.text((left, 4), name, fill="black", font_size=14)
        sheet.paste(grid, (left, 24))
        if between is not None:
            pen.text((left, height + 28), "half-way between two codes", fill="black", font_size=12)
            sheet.paste(between, (left, height + 48))
    return sheet


if __name__ == "__main__":
    main()
