"""The result of a run: the last and the best value of every evaluation metric."""

from collections.abc import Mapping, Sequence
from typing import Any

BEFORE_0_4 = (
    *("precision", "recall", "density", "coverage", "diversity", "inception_score", "class_accuracy"),
    *("modes_covered", "quality", "on_support", "points_covered"),
)
"""Prefixes of metrics whose larger values are better, in runs of Saddle 0.3 and earlier, which stored no direction."""


def higher_is_better(metric: str, *summaries: Mapping[str, Any]) -> bool:
    """Whether a larger value of the metric is better, according to the first summary that contains the metric."""
    for summary in summaries:
        stored = (summary.get("metrics") or {}).get(metric)
        if isinstance(stored, dict) and "higher_is_better" in stored:
            return bool(stored["higher_is_better"])
    return metric.startswith(BEFORE_0_4)


def of_images(summary: Mapping[str, Any]) -> bool:
    """Whether the run is one on images; only those can be measured again after training (`make fid`)."""
    return "comparisons" in (summary.get("protocol") or {})


def summarise(lines: Sequence[dict[str, float]], directions: Mapping[str, bool]) -> dict[str, dict[str, Any]]:
    """For each metric its `last` value, its `best`, the update of the best (`best_updates`), and its direction.

    The best value is selected among the run's own evaluations by the very numbers that runs are compared by. It is
    therefore biased, and the more evaluations there are, the better it looks.

    Args:
        lines: log of the run.
        directions: name of each metric -> whether a larger value is better, stored as `higher_is_better`.
    """
    return {
        name: _summary(name, higher, [line for line in lines if name in line]) for name, higher in directions.items()
    }


def _summary(name: str, higher: bool, lines: list[dict[str, Any]]) -> dict[str, Any]:
    sign = -1 if higher else 1
    best = min(lines, key=lambda line: (line[name] != line[name], sign * line[name], -line["updates"]))  # NaN last
    values = {"last": lines[-1][name], "best": best[name], "best_updates": best["updates"]}
    return {**values, "higher_is_better": higher}
