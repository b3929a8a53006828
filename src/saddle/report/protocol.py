"""How a metric was measured. Numbers share a column only if they were measured in the same way."""

import json
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from saddle.report.run import RunRecord
from saddle.runs.summary import higher_is_better

UNKNOWN = "not stored: no run measured like this has ended"
EVALUATION = ("evaluator", "extractor", "data", "evaluate_images", "evaluate_reference", "resolution", "labels")
"""The settings that decide how a run is measured, by their first part."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One metric under one protocol.

    Attributes:
        name: the metric, with a letter if the runs measured it in several ways.
        protocol: everything that the numbers depend on.
        floors: the scores of real data against real data.
        runs: the runs that were, or are being, measured by this protocol.
    """

    name: str
    metric: str
    protocol: dict[str, Any]
    floors: tuple[float, ...]
    runs: tuple[RunRecord, ...]

    @property
    def higher(self) -> bool:
        """Whether a larger value is better, as the runs say it."""
        stored = (source for run in self.runs for source in (run.summary, run.environment))
        return higher_is_better(self.metric, *stored)

    @cached_property
    def jobs(self) -> frozenset[str]:
        """The jobs of `runs`."""
        return frozenset(run.job for run in self.runs)


def columns_of(runs: Sequence[RunRecord]) -> list[Column]:
    """The columns of a comparison, the metrics that training is judged by first.

    A run that has not ended has stored no protocol. It counts as measured like the finished runs with the same
    evaluation settings if these agree; otherwise its curves have a column of their own.
    """
    groups: dict[tuple[str, str], list[RunRecord]] = {}
    protocols: dict[str, dict[str, Any]] = {}
    for run in runs:
        for metric, protocol in _measured(run, runs):
            key = json.dumps(protocol, sort_keys=True, default=str)
            protocols[key] = protocol
            groups.setdefault((metric, key), []).append(run)
    mains = {run.main for run in runs if run.main}
    order = list(dict.fromkeys(metric for metric, _ in groups))
    keys = sorted(groups, key=lambda key: (key[0] not in mains, order.index(key[0])))
    several = {metric for metric, _ in keys if sum(metric == other for other, _ in keys) > 1}
    columns: list[Column] = []
    for metric, key in keys:
        number = sum(column.metric == metric for column in columns)
        name = f"{metric} ({_letters(number)})" if metric in several else metric
        own = groups[metric, key]
        floors = {run.floor for run in own if run.main == metric and run.summary and run.floor is not None}
        columns.append(
            Column(name=name, metric=metric, protocol=protocols[key], floors=tuple(sorted(floors)), runs=tuple(own))
        )
    return columns


def _measured(run: RunRecord, runs: Sequence[RunRecord]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The metrics that a run measures, each with its protocol."""
    if run.results:
        yield from ((metric, _stored(run, metric)) for metric in run.results)
        return
    like = [other for other in runs if other.results and _alike(run, other)] if run.settings else []
    metrics = list(dict.fromkeys(metric for other in like for metric in other.results))
    for metric in metrics or _evaluated(run):
        if not run.curve(metric):
            continue
        stored = {json.dumps(_stored(other, metric), default=str): _stored(other, metric) for other in like}
        yield metric, next(iter(stored.values())) if len(stored) == 1 else {"protocol": UNKNOWN, **_evaluation(run)}


def _alike(run: RunRecord, ended: RunRecord) -> bool:
    """Whether `run` will be measured as `ended` was: with the same settings and the same libraries."""
    libraries = run.environment.get("versions") or {}
    stored = ended.summary.get("protocol") or {}
    others = [name for name, version in libraries.items() if stored.get(name, version) != version]
    return not others and _evaluation(ended) == _evaluation(run)


def _stored(run: RunRecord, metric: str) -> dict[str, Any]:
    protocol = run.summary.get("protocol") or {}
    shared = {key: value for key, value in protocol.items() if key != "comparisons"}
    own: dict[str, Any] = next((one for one in protocol.get("comparisons", ()) if metric in one.get("metrics", ())), {})
    measured = shared | {key: value for key, value in own.items() if key != "metrics"}
    if "reference_digest" not in measured:  # the samples were compared with the data themselves
        digest = (run.summary.get("data") or {}).get("digest") or {}
        data = {key: value for key, value in run.settings.items() if key.startswith("data.")}
        measured |= {f"digest of the {part}": value for part, value in digest.items()} or data
    return measured


def _evaluation(run: RunRecord) -> dict[str, Any]:
    return {path: value for path, value in run.settings.items() if path.split(".")[0] in EVALUATION}


def _evaluated(run: RunRecord) -> list[str]:
    """The metrics according to the log alone: the values of update 0 were measured, no training has logged any."""
    first = run.lines[0] if run.lines and run.lines[0]["updates"] == 0 else {}
    return [name for name in first if name != "updates" and not name.endswith("_error")]


def _letters(number: int) -> str:
    alphabet = string.ascii_uppercase
    return alphabet[number] if number < len(alphabet) else str(number + 1)
