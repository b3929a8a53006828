"""Which loss, penalty, gamma, k, learning rate? One sweep each of the default game, compared at equal cost.

    make study NAME=which_to_choose [ARGS="only=AXIS"]       two cores: an hour; goes on where it was broken off

The sweeps are conf/experiment/which_AXIS.yaml, and for the losses losses.yaml. Each run is read at the same nominal
seconds, updates times the median seconds of an update in experiments/speed/results/costs.json: its distance there is
interpolated between the two evaluations beside it, the logarithm of the one linearly in the logarithm of the other. The
rates are constant, so a run at update u is what a run of u updates would be; a setting that is cheaper than the default
game is read at its end. Beside it stands what the whole run ends at, for a comparison after as many updates. Writes
results/AXIS.json and the tables of README.md.
"""

import json
import math
import re
import statistics
import sys
from pathlib import Path
from typing import Any

from saddle_studies.study import Study

import numpy as np
from omegaconf import OmegaConf

from saddle.runs.folder import RunFolder

COSTS = Path(__file__).resolve().parents[1] / "speed" / "results" / "costs.json"
DEFAULT = "the default game"
METRIC = "fd_faces"
AXES = {
    "loss": "losses",
    "penalty": "which_penalty",
    "gamma": "which_gamma",
    "k": "which_k",
    "rate": "which_rate",
}
"""Axis -> its sweep."""
NO_SETTING = ("name", "seed", "experiment", "updates", "log_every", "sample_every", "sample_images", "evaluate_every")
NO_SETTING += ("evaluate_images", "checkpoint_every", "hydra", "logger", "callback")
"""Keys that are no part of a setting, by their first part."""
FREE = ("loss=", "penalty.gamma=", "optimizer.", "penalty=none", "d_steps=1", "data.train_count=", "data.test_count=")
"""Settings that do not change what an update costs: a loss is a few operations on a few numbers."""


def main() -> None:
    """Train what is not trained yet, read all, write results and tables."""
    study = Study(__file__, sys.argv, __doc__ or "", own=["only"])
    chosen = [study.options["only"]] if "only" in study.options else list(AXES)
    if unknown := set(chosen) - set(AXES):
        sys.exit(f"error: only={unknown.pop()}: the axes are {', '.join(AXES)}")
    if not COSTS.is_file():
        sys.exit(f"error: {COSTS} is missing: python experiments/speed/costs.py measures what an update costs")
    (study.out / "results").mkdir(exist_ok=True)
    for axis in chosen:
        settings = _read(study.finished(AXES[axis])[0].path.parent)
        study.numbers(settings, f"results/{axis}.json")
        study.table(axis, *_table(axis, settings))
    stored = {axis: json.loads(path.read_text()) for axis in AXES if (path := _file(study, axis)).is_file()}
    study.table("summary", *_summary(stored))


def _file(study: Study, axis: str) -> Path:
    return study.out / "results" / f"{axis}.json"


def _read(sweep: Path) -> dict[str, dict[str, Any]]:
    """Setting -> its cost, and for each seed the distance at the budget and at the end, None where the run failed."""
    costs = {name: quartiles[1] for name, quartiles in json.loads(COSTS.read_text())["seconds"].items()}
    settings: dict[str, dict[str, Any]] = {}
    for job in json.loads((sweep / "sweep.json").read_text())["jobs"]:
        setting = [part for part in job["overrides"] if re.split(r"[.=]", part)[0] not in NO_SETTING]
        costly = " ".join(part for part in setting if not part.startswith(FREE))
        if (costly or DEFAULT) not in costs:
            sys.exit(f"error: {costly}: {COSTS} does not say what an update of it costs; leave it out")
        cost = costs[costly or DEFAULT] / costs[DEFAULT]
        run = RunFolder(sweep / job["name"])
        curve = [(line["updates"], line[METRIC]) for line in run.metrics() if METRIC in line]
        row = settings.setdefault(
            " ".join(setting), {"cost": round(cost, 3), "updates": [], "distances": [], "end": [], "distances_end": []}
        )
        if run.status().state != "finished":
            row["distances"].append(None)
            row["distances_end"].append(None)
            continue
        end = OmegaConf.create(run.config()).updates
        row["updates"].append(min(end, round(end / cost)))
        row["distances"].append(_at(end / cost, curve))
        row["end"].append(end)
        row["distances_end"].append(curve[-1][1])
    alike = set.intersection(*(set(name.split()) for name in settings))
    return {" ".join(word for word in name.split() if word not in alike): row for name, row in settings.items()}


def _at(updates: float, curve: list[tuple[float, float]]) -> float:
    """The distance after `updates`; at the end of the run for a setting that is cheaper than the default."""
    times, distances = zip(*curve[1:], strict=True) if curve[1:] else ((math.inf,), (math.nan,))
    if updates < times[0]:
        sys.exit(f"error: the budget ends at update {updates:.0f}, before the first evaluation: evaluate more often")
    return math.exp(float(np.interp(math.log(updates), np.log(times), np.log(distances))))


def _table(axis: str, settings: dict[str, dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Best first; where all cost the same, the budget ends where the runs do, and nothing is said twice."""
    dearer = any(row["updates"] != row["end"] for row in settings.values())
    rows = []
    for setting in _best_first(settings):
        row = settings[setting]
        seeds, ends = (_seeds(row[key]) for key in ("distances", "distances_end"))
        updates = f"{row['updates'][0]:,}" if row["updates"] else ""
        rows.append([f"`{setting}`", f"{row['cost']:.2f}", updates, *seeds, *[" / ".join(ends)] * dearer])
    seeds = [f"seed {place}" for place in range(max(len(row["distances"]) for row in settings.values()))]
    after = " or ".join(dict.fromkeys(f"{end:,}" for row in settings.values() for end in row["end"]))
    return [axis, "cost of an update", "updates", *seeds, *[f"each after {after} updates"] * dearer], rows


def _seeds(distances: list[float | None]) -> list[str]:
    return ["failed" if value is None else f"{value:.1f}" for value in distances]


def _summary(stored: dict[str, dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Of each axis the two best and the worst, and how far the seeds of one setting are apart."""
    rows = []
    for axis, settings in stored.items():
        names = _best_first(settings)
        ranges = [_range(row) for row in settings.values() if None not in row["distances"]]
        apart = statistics.median(ranges or [math.nan])
        rows.append([axis, *(_named(name, settings[name]) for name in (names[0], names[1], names[-1])), f"{apart:.1f}"])
    return ["axis", "best", "second", "last", "seeds apart, median"], rows


def _named(name: str, row: dict[str, Any]) -> str:
    middle = _middle(row)
    return f"`{name}` {middle:.1f}" if math.isfinite(middle) else f"`{name}` failed"


def _best_first(settings: dict[str, dict[str, Any]]) -> list[str]:
    return sorted(settings, key=lambda name: _middle(settings[name]))


def _middle(row: dict[str, Any]) -> float:
    reached = [value for value in row["distances"] if value is not None]
    return statistics.mean(reached) if len(reached) == len(row["distances"]) else math.inf


def _range(row: dict[str, Any]) -> float:
    return max(row["distances"]) - min(row["distances"])


if __name__ == "__main__":
    main()
