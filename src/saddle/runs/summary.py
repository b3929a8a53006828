"""What a run comes to: the last and the best value of every evaluation metric."""

from collections.abc import Mapping, Sequence
from typing import Any

BEFORE_0_4 = (
    *("precision", "recall", "density", "coverage", "diversity", "inception_score", "class_accuracy"),
    *("modes_covered", "quality", "on_support", "points_covered"),
)
"""How the names of metrics begin that are better when larger, in runs that did not store it; all others are distances.

Only runs of Saddle 0.3 and earlier need this list. It does not grow: later runs store the direction of each metric.
"""


def higher_is_better(metric: str, *summaries: Mapping[str, Any]) -> bool:
    """Whether a larger value of the metric is better, as the first of the summaries that has the metric says it."""
    for summary in summaries:
        stored = (summary.get("metrics") or {}).get(metric)
        if isinstance(stored, dict) and "higher_is_better" in stored:
            return bool(stored["higher_is_better"])
    return metric.startswith(BEFORE_0_4)


def of_images(summary: Mapping[str, Any]) -> bool:
    """Whether a summary is that of a run on images, which alone are measured again after training (`make fid`)."""
    return "comparisons" in (summary.get("protocol") or {})


def summarise(lines: Sequence[dict[str, float]], directions: Mapping[str, bool]) -> dict[str, dict[str, Any]]:
    """For each metric its `last` value, its `best`, the update of that (`best_updates`), and its direction.

    The best is the best of the run's own evaluations. It is selected on the numbers that runs are compared by, so it is
    too good, and the more evaluations there are, the better it gets.

    Args:
        lines: the run's log.
        directions: name of each metric -> whether a larger value is better, stored as `higher_is_better`.
    """
    return {
        name: _summary(name, higher, [line for line in lines if name in line]) for name, higher in directions.items()
    }


def _summary(name: str, higher: bool, lines: list[dict[str, Any]]) -> dict[str, Any]:
    sign = -1 if higher else 1
    best = min(lines, key=lambda line: (sign * line[name], -line["updates"]))  # of equals the latest
    values = {"last": lines[-1][name], "best": best[name], "best_updates": best["updates"]}
    return {**values, "higher_is_better": higher}
