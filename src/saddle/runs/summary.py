"""What a run comes to: the last and the best value of every evaluation metric."""

from collections.abc import Mapping, Sequence
from typing import Any

HIGHER_IS_BETTER = (
    *("precision", "recall", "density", "coverage", "diversity", "inception_score", "class_accuracy"),
    *("modes_covered", "quality", "on_support", "points_covered"),
)
"""Beginnings of the names of metrics that want to be large; all others are distances."""


def higher_is_better(metric: str) -> bool:
    """Whether a larger value of the metric is the better one."""
    return metric.startswith(HIGHER_IS_BETTER)


def of_images(summary: Mapping[str, Any]) -> bool:
    """Whether a summary is that of a run on images, which alone are measured again after training (`make fid`)."""
    return "comparisons" in (summary.get("protocol") or {})


def summarise(lines: Sequence[dict[str, float]], metrics: Sequence[str]) -> dict[str, dict[str, float]]:
    """For each of `metrics` its `last` value, its `best` and at which update that was (`best_updates`).

    The best is the best of the run's own evaluations, so it was selected on the numbers that it is compared by: it is
    too good, and the more so the more evaluations there were.
    """
    return {name: _summary(name, [line for line in lines if name in line]) for name in metrics}


def _summary(name: str, lines: list[dict[str, Any]]) -> dict[str, float]:
    sign = -1 if higher_is_better(name) else 1
    best = min(lines, key=lambda line: (sign * line[name], -line["updates"]))  # of equals the latest
    return {"last": lines[-1][name], "best": best[name], "best_updates": best["updates"]}
