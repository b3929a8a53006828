"""The same networks trained by each rule, at equal nominal seconds: samples, midpoints, cost of a sample.

    make study NAME=together [ARGS="budget=3000"]       two cores: 20 minutes; goes on where it was broken off

Each rule of rules.yaml has its own number of updates: as many as take the nominal seconds of `budget` updates of the
default game, by the median seconds of an update in experiments/speed/results/costs.json. Then the finished models are
measured: their last evaluation; the Frechet distance of images decoded half-way between two codes; the median seconds
of drawing 64 samples. Writes results.json, the table of README.md, and grids.png.
"""

import json
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from omegaconf import OmegaConf
from PIL import Image, ImageDraw

from saddle.building import build_data, build_evaluator, own_extractors
from saddle.codes.midpoints import midpoints
from saddle.models.base import CodedModel
from saddle.runs.folder import RunFolder
from saddle.sampling import load_model
from saddle.stored import stored_config
from saddle.study import Study

HERE = Path(__file__).resolve().parent
COSTS = HERE.parent / "speed" / "results" / "costs.json"
DEFAULT = "the default game"
METRICS = ("fd_faces", "kd_faces", "precision_faces", "recall_faces")
BUDGET = 2_000
SHOWN = 64


def main() -> None:
    """Train what is not trained yet, measure, write."""
    study = Study(__file__, sys.argv, __doc__ or "", own=["budget"])
    budget = int(study.given.get("budget", BUDGET))
    rules: Any = OmegaConf.to_container(OmegaConf.load(HERE / "rules.yaml"))
    found: dict[str, Any] = {}
    runs: dict[str, list[RunFolder]] = {}
    for name, settings in rules.items():
        updates = round(budget / _cost(settings[0] if settings else DEFAULT))
        runs[name] = study.finished("together", *settings, f"updates={updates}", part=name)
        found[name] = {"updates": updates, "seeds": [_measured(run) for run in runs[name]]}
    study.numbers(found)
    study.table("results", *_table(found))
    study.picture("grids", _grids(runs))


def _cost(model: str) -> float:
    """Of an update, over that of the default game."""
    seconds = json.loads(COSTS.read_text())["seconds"]
    if model not in seconds:
        sys.exit(f"error: {COSTS} does not know {model}: python experiments/speed/costs.py only=model measures it")
    return seconds[model][1] / seconds[DEFAULT][1]


def _measured(run: RunFolder) -> dict[str, Any]:
    """What a finished run comes to, and what its model does half-way between two codes."""
    cfg = stored_config(run, files=True)
    model, data = load_model(run, cfg), build_data(cfg)
    last: dict[str, float] = {}
    for line in run.metrics():
        last |= line
    found = {name: last[name] for name in METRICS} | {"ms_per_sample": 1e3 * _seconds(model) / SHOWN}
    evaluator = build_evaluator(cfg, data, own_extractors(cfg))
    if isinstance(model, CodedModel) and evaluator is not None:
        between = evaluator(lambda indices: evaluator.seen(midpoints(model, indices, cfg.seed)))
        found["fd_midpoints"] = between[METRICS[0]]
        shown = data.render(midpoints(model, range(16), cfg.seed), columns=4)
        shown.save(run.path / "midpoints.png")
    return found


def _seconds(model: Any) -> float:
    """Median seconds of drawing SHOWN samples, of five."""
    times = []
    for _ in range(6):
        began = perf_counter()
        model.sample(range(SHOWN), 0)
        times.append(perf_counter() - began)
    return statistics.median(times[1:])


def _table(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A row for each rule, both seeds in a cell."""
    names = (*METRICS, "fd_midpoints", "ms_per_sample")
    rows = []
    for name, one in found.items():
        cells = [" / ".join(f"{seed[key]:.3g}" for seed in one["seeds"] if key in seed) for key in names]
        rows.append([f"`{name}`", f"{one['updates']:,}", *cells])
    return ["rule", "updates", *METRICS, "fd of midpoints", "ms a sample"], rows


def _grids(runs: dict[str, list[RunFolder]]) -> Image.Image:
    """The last grids of the first seed side by side, each with its name; below it the midpoints of two codes."""
    columns = []
    for name, (run, *_) in runs.items():
        grid = Image.open(run.grids()[-1]).convert("RGB")
        columns.append((name, grid.crop((0, 0, grid.width // 2 + 1, grid.height // 2 + 1)), run.path / "midpoints.png"))
    width, height = columns[0][1].size
    sheet = Image.new("RGB", (len(columns) * (width + 12), 2 * height + 52), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (name, grid, between) in enumerate(columns):
        left = place * (width + 12)
        pen.text((left, 4), name, fill="black", font_size=14)
        sheet.paste(grid, (left, 24))
        if between.is_file():
            pen.text((left, height + 28), "half-way between two codes", fill="black", font_size=12)
            sheet.paste(Image.open(between).convert("RGB").resize((width, width)), (left, height + 48))
    return sheet


if __name__ == "__main__":
    main()
