"""Every metric of a run with the protocol that it was measured by: during training, and after it by `make fid`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saddle.report.run import RunRecord
from saddle.runs.weights import BEST, LAST

UNKNOWN = "not stored: no run measured like this has ended"
EVALUATION = ("evaluator", "extractor", "data", "evaluate_images", "evaluate_reference", "resolution", "labels")
"""The settings that decide how a run is measured, by their first part."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One metric of one run under one protocol.

    Attributes:
        protocol: everything that the number depends on.
        result: `last`, and of training `best` and `best_updates`; empty until the run has a summary.
        floor: the score of real data, where it is known.
        training: whether it was measured during training, and so has a curve.
        lead: whether runs are compared by this metric first: the main metric, or the first of an extractor that was
            added after training.
    """

    run: RunRecord
    metric: str
    protocol: dict[str, Any]
    result: Mapping[str, Any] = field(default_factory=dict)
    floor: float | None = None
    training: bool
    lead: bool

    @property
    def key(self) -> tuple[str, str]:
        """The same for all measurements that compare."""
        return self.metric, json.dumps(self.protocol, sort_keys=True, default=str)


def measurements_of(run: RunRecord, runs: Sequence[RunRecord]) -> list[Measurement]:
    """The measurements of `run`, one of `runs`; of equal measurements that of training, or else the newest.

    A run that has not ended has stored no protocol. It counts as measured like the finished runs with the same
    evaluation settings if these agree; otherwise its protocol says that it is not known.
    """
    distinct: dict[tuple[str, str], Measurement] = {}
    for one in (*_during_training(run, runs), *_after_training(run)):
        distinct.setdefault(one.key, one)
    return list(distinct.values())


def _during_training(run: RunRecord, runs: Sequence[RunRecord]) -> Iterator[Measurement]:
    for metric, protocol in _measured(run, runs):
        main = metric == run.main
        yield Measurement(
            run=run,
            metric=metric,
            protocol=protocol,
            result=run.results.get(metric, {}),
            floor=run.floor if main and run.summary else None,
            training=True,
            lead=main,
        )


def _after_training(run: RunRecord) -> Iterator[Measurement]:
    """What `evaluation.json` says of each state, the newest first; other states than the last have columns apart.

    A run that was extended has another last state, and one that is trained again other weights.
    """
    if not run.finished:
        return
    main = (run.summary.get("metrics") or {}).get(run.main) or {}
    present = {LAST: run.summary.get("updates"), BEST: main.get("best_updates")}
    newest: dict[str, Any] = {}  # state -> its newest model
    for evaluation in reversed(run.evaluations):
        for state in evaluation.get("states") or [LAST]:  # Saddle 0.3 measured the last alone
            if state in present and evaluation.get("updates") != present[state]:
                continue
            if newest.setdefault(state, evaluation.get("model")) == evaluation.get("model"):
                yield from _of_evaluation(run, evaluation, {} if state == LAST else {"state": state})


def _of_evaluation(run: RunRecord, evaluation: Mapping[str, Any], state: Mapping[str, str]) -> Iterator[Measurement]:
    protocol, directions = evaluation.get("protocol") or {}, evaluation.get("higher_is_better") or {}
    firsts = {one["metrics"][0] for one in protocol.get("comparisons", ()) if "extractor" in one}
    floors = evaluation.get("floor") or {}
    for metric, value in (evaluation.get("metrics") or {}).items():
        is_uncertainty = metric.removesuffix("_error") in evaluation["metrics"] and metric.endswith("_error")
        if isinstance(value, int | float) and not is_uncertainty:  # a strict file has null for what is not finite
            direction = {"higher_is_better": directions[metric]} if metric in directions else {}
            yield Measurement(
                run=run,
                metric=metric,
                protocol={**_protocol(run, protocol, metric), **state},
                result={"last": value, **direction},
                floor=floors.get(metric) if f"{metric}_error" in floors else None,  # else it is of halves
                training=False,
                lead=not state and (metric == run.main or metric in firsts),
            )


def _measured(run: RunRecord, runs: Sequence[RunRecord]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The metrics that a run measures during training, each with its protocol."""
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
    return _protocol(run, run.summary.get("protocol") or {}, metric)


def _protocol(run: RunRecord, protocol: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The part of a whole evaluation's protocol that concerns `metric`."""
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
