"""The cost of runs in nominal seconds, which do not depend on what else the machine did."""

import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saddle.report.settings import Setting
from saddle.storage import shipped

COSTS = shipped("experiments/speed/results/costs.json", "report/costs.json")
DEFAULT = "the default game"
NO_COST = ("name", "seed", "updates", "logger", "callback", "sweep", "hydra", "fresh", "keep", "advice", "schedule")
"""Keys that do not change the cost of an update, by their first part."""
NO_COST_TOO = ("evaluate_", "sample_", "log_", "checkpoint_", "optimizer.", "penalty.gamma=")
BENCH = "the bench, experiments/speed/results/costs.json"
SWEEP = "the sweep itself: median over the finished runs of the same settings, evaluations included"


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Seconds of an update by the name of the setting (None if unknown), and the source of all of them."""

    seconds: dict[str, float | None]
    source: str


def costs_of(settings: Sequence[Setting], file: Path = COSTS) -> Costs:
    """Median seconds of an update of each setting.

    They come from the bench if it knows all settings, otherwise all from the sweep: two sources do not compare.
    """
    bench = _bench(file)
    keys = {setting.name: _key(setting.overrides) for setting in settings}
    known = {name: bench.get(key) for name, key in keys.items()}
    if settings and None not in known.values():
        return Costs(seconds=known, source=BENCH)
    return Costs(seconds={setting.name: measured(setting) for setting in settings}, source=SWEEP)


def measured(setting: Setting) -> float | None:
    """Median over the finished runs of the measured seconds of an update."""
    seconds = [
        run.summary["seconds"] / run.summary["updates"]
        for run in setting.runs
        if run.finished and run.summary.get("seconds") and run.summary.get("updates")
    ]
    return statistics.median(seconds) if seconds else None


def _bench(file: Path) -> dict[str, float]:
    try:
        seconds = json.loads(file.read_text(encoding="utf-8"))["seconds"]
    except (OSError, ValueError, KeyError):  # not measured on this machine
        return {}
    return {_ordered(name): quartiles[1] for name, quartiles in seconds.items()}


def _key(overrides: Sequence[str]) -> str:
    """The bench's name for a setting; empty if the sweep does not list its overrides."""
    if not overrides:
        return ""
    costly = [
        word
        for word in overrides
        if re.split(r"[.=/@]", word.lstrip("+~"))[0] not in NO_COST and not word.startswith(NO_COST_TOO)
    ]
    return _ordered(" ".join(costly) or DEFAULT)


def _ordered(name: str) -> str:
    return name if name == DEFAULT else " ".join(sorted(name.split()))
