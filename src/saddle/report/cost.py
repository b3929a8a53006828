"""The cost of runs in nominal seconds, which do not depend on what else the machine did."""

import json
import math
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
    """Seconds of an update by the name of the setting (None if unknown), and the source of all of them.

    Attributes:
        seconds: the medians.
        spread: how far each median may be off, as a logarithm; None where that is unknown. It is half of that of upper
            over lower quartile, and at least the noise of the bench (`_noise`).
    """

    seconds: dict[str, float | None]
    spread: dict[str, float | None]
    source: str

    def over(self, name: str, baseline: str) -> tuple[float | None, str]:
        """Seconds of a setting over those of another, and the same in words, with the interval of this ratio.

        Its ends are one combined spread away: of settings with equal work the interval usually contains 1.
        """
        seconds, base = self.seconds.get(name), self.seconds.get(baseline)
        if seconds is None or not base:
            return None, "-"
        ratio = seconds / base
        if name == baseline:
            return ratio, "1"
        own, other = self.spread[name], self.spread[baseline]
        if own is None or other is None:
            return ratio, f"{ratio:.2f} (spread unknown)"
        factor = math.exp(math.hypot(own, other))
        return ratio, f"{ratio:.2f} ({ratio / factor:.2f} to {ratio * factor:.2f})"


def costs_of(settings: Sequence[Setting], file: Path = COSTS) -> Costs:
    """Median seconds of an update of each setting.

    They come from the bench if it knows all settings, otherwise all from the sweep: two sources do not compare.
    """
    bench, noise = _bench(file)
    keys = {setting.name: _key(setting.overrides) for setting in settings}
    known = {name: bench[key] for name, key in keys.items() if key in bench}
    if settings and known.keys() == keys.keys():
        return Costs(
            seconds={name: middle for name, (_, middle, _) in known.items()},
            spread={name: max(noise, math.log(high / low) / 2) for name, (low, _, high) in known.items()},
            source=BENCH,
        )
    return Costs(
        seconds={setting.name: measured(setting) for setting in settings},
        spread={setting.name: _spread(_measured(setting)) for setting in settings},
        source=SWEEP,
    )


def measured(setting: Setting) -> float | None:
    """Median over the finished runs of the measured seconds of an update."""
    seconds = _measured(setting)
    return statistics.median(seconds) if seconds else None


def _measured(setting: Setting) -> list[float]:
    return [
        run.summary["seconds"] / run.summary["updates"]
        for run in setting.runs
        if run.finished and run.summary.get("seconds") and run.summary.get("updates")
    ]


def _spread(seconds: Sequence[float]) -> float | None:
    if len(seconds) < 2:
        return None
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return math.log(high / low) / 2


def _bench(file: Path) -> tuple[dict[str, list[float]], float]:
    """Quartiles of the seconds of an update of each setting, and the noise of the bench."""
    try:
        bench = json.loads(file.read_text(encoding="utf-8"))
        seconds = {_ordered(name): quartiles for name, quartiles in bench["seconds"].items()}
    except (OSError, ValueError, KeyError):  # not measured on this machine
        return {}, 0.0
    return seconds, _noise(seconds, [_ordered(name) for name in bench.get("equal", ())])


def _noise(seconds: dict[str, list[float]], equal: Sequence[str]) -> float:
    """Root mean square of the logarithm of a ratio that should be 1: of settings that are the default game to it."""
    squares = [math.log(seconds[name][1] / seconds[DEFAULT][1]) ** 2 for name in equal if name in seconds]
    return math.sqrt(statistics.mean(squares)) if squares else 0.0


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
