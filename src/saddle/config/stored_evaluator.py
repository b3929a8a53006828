"""Evaluators that Saddle 0.3 and earlier stored with a run, rewritten as lists of metrics."""

from collections.abc import Mapping
from typing import Any

import yaml

from saddle.config.keys import CONF

EVALUATORS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "saddle.metrics.evaluator.Evaluator": (
        "distances",
        {
            "frechet": (),
            "kernel": (),
            "inception_score": ("score_splits",),
            "prdc": ("neighbours", "density_neighbours", "neighbour_images"),
            "diversity": (),
            "class_accuracy": (),
            "class_frechet": ("class_images",),
            "swd": ("patches", "projections"),
        },
    ),
    "saddle.metrics.mixture.MixtureEvaluator": (
        "mixture",
        {"jsd_smoothed": ("smoothing",), "modes": ("deviations", "least")},
    ),
    "saddle.metrics.atoms.AtomsEvaluator": ("atoms", {"frequencies": ("tolerance",)}),
}
"""Stored class -> the option of today, and its metrics, each with the keys that it took over from the evaluator."""


def with_metrics(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node of an evaluator in today's form; any other node is returned as it is."""
    if node.get("_target_") not in EVALUATORS:
        return node
    option, metrics = EVALUATORS[node["_target_"]]
    moved = {key for keys in metrics.values() for key in keys}
    return {
        "metrics": {
            metric: {**_class("metric", metric), **{key: node[key] for key in keys if key in node}}
            for metric, keys in metrics.items()
        },
        **{key: value for key, value in node.items() if key not in moved},
        **_class("evaluator", option),
    }


def _class(group: str, option: str) -> dict[str, Any]:
    written = yaml.safe_load((CONF / group / f"{option}.yaml").read_text(encoding="utf-8"))
    return {key: written[key] for key in ("_target_", "_partial_")}
