"""Which loss, penalty, gamma, k, learning rate? One sweep each of the default game, compared at equal cost.

    python experiments/which_to_choose/study.py [only=AXIS] [jobs=2]       two cores: hours; goes on where it ended

The sweeps are those of settings.yaml, `python src/train.py -m name=which_AXIS ...`. Each run is read at the same
nominal seconds, updates times the median seconds of an update in experiments/speed/results/costs.json: its distance
there is interpolated between the two evaluations beside it, the logarithm of the one linearly in the logarithm of the
other. The rates are constant, so a run at update u is what a run of u updates would be; a setting that is cheaper than
the default game is read at its end. Writes results/AXIS.json and the tables of README.md.
"""

import json
import math
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from saddle.arguments import arguments
from saddle.report import readme
from saddle.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
TRAIN = HERE.parents[1] / "src" / "train.py"
COSTS = HERE.parent / "speed" / "results" / "costs.json"
DEFAULT = "the default game"
METRIC = "fd_faces"
COMMON = ("name", "seed", "updates", "evaluate_every", "evaluate_images", "hydra", "logger")
"""Keys that all sweeps have, by their first part: they are no part of a setting."""
FREE = ("penalty.gamma=", "optimizer.")
"""Settings that do not change what an update costs."""
ALLOWED = {
    "only": "one axis; by default all",
    "jobs": "side by side, by default 2",
}


def main() -> None:
    """Train what is not trained yet, read all, write results and tables."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    settings: Any = OmegaConf.to_container(OmegaConf.load(HERE / "settings.yaml"), resolve=False)
    axes = [given["only"]] if "only" in given else list(settings["axes"])
    if unknown := set(axes) - set(settings["axes"]):
        sys.exit(f"error: only={unknown.pop()}: the axes are {', '.join(settings['axes'])}")
    if not COSTS.is_file():
        sys.exit(f"error: {COSTS} is missing: python experiments/speed/costs.py measures what an update costs")
    for axis in axes:
        _train(axis, settings, given.get("jobs", "2"))
        found = _read(Path("runs") / f"which_{axis}", settings["budget"])
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / f"{axis}.json").write_text(json.dumps(found, indent=1) + "\n")
        table = _table(axis, found)
        readme.replace(HERE / "README.md", axis, table)
        print(table, flush=True)


def _train(axis: str, settings: dict[str, Any], jobs: str) -> None:
    """One sweep; a job that fails is a row of the table, so its exit code stops nothing."""
    common = {
        "name": f"which_{axis}",
        "seed": ",".join(map(str, settings["seeds"])),
        "updates": settings["budget"],
        "evaluate_every": settings["evaluate_every"],
        "evaluate_images": settings["evaluate_images"],
        "hydra.launcher.jobs": jobs,
        "logger": "none",
    }
    command = [*settings["axes"][axis], *(f"{key}={value}" for key, value in common.items())]
    subprocess.run([sys.executable, str(TRAIN), "-m", *command], check=False)


def _read(sweep: Path, budget: int) -> dict[str, dict[str, Any]]:
    """Setting -> its cost, and for each seed the distance at the budget, None where the run failed."""
    costs = {name: quartiles[1] for name, quartiles in json.loads(COSTS.read_text())["seconds"].items()}
    found: dict[str, dict[str, Any]] = {}
    for job in json.loads((sweep / "sweep.json").read_text())["jobs"]:
        setting = [part for part in job["overrides"] if re.split(r"[.=]", part)[0] not in COMMON]
        costly = " ".join(part for part in setting if not part.startswith(FREE))
        cost = costs[costly or DEFAULT] / costs[DEFAULT]
        run = RunFolder(sweep / job["name"])
        curve = [(line["updates"], line[METRIC]) for line in run.metrics() if METRIC in line]
        shown = " ".join(part for part in setting if "{" not in part)  # without what follows another key
        row = found.setdefault(shown, {"cost": round(cost, 3), "updates": round(budget / cost), "distances": []})
        finished = run.status().state == "finished"
        row["distances"].append(_at(budget / cost, curve) if finished else None)
    return found


def _at(updates: float, curve: list[tuple[float, float]]) -> float:
    """The distance after `updates`; at the end of the run for a setting that is cheaper than the default."""
    times, distances = zip(*curve[1:], strict=True)
    if updates < times[0]:
        sys.exit(f"error: the budget ends at update {updates:.0f}, before the first evaluation: evaluate more often")
    return math.exp(float(np.interp(math.log(updates), np.log(times), np.log(distances))))


def _table(axis: str, found: dict[str, dict[str, Any]]) -> str:
    """Best first."""
    rows = []
    for setting, row in sorted(found.items(), key=lambda item: _middle(item[1])):
        seeds = ["failed" if value is None else f"{value:.1f}" for value in row["distances"]]
        rows.append([f"`{setting}`", f"{row['cost']:.2f}", f"{row['updates']:,}", *seeds])
    seeds = [f"seed {place}" for place in range(max(len(row["distances"]) for row in found.values()))]
    return readme.table([axis, "cost of an update", "updates", *seeds], rows)


def _middle(row: dict[str, Any]) -> float:
    reached = [value for value in row["distances"] if value is not None]
    return statistics.mean(reached) if len(reached) == len(row["distances"]) else math.inf


if __name__ == "__main__":
    main()
