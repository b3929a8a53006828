"""The columns of a comparison. Numbers share a column only if they were measured in the same way."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from saddle.report.measurements import Measurement, measurements_of
from saddle.report.run import RunRecord
from saddle.runs.summary import higher_is_better


@dataclass(frozen=True, kw_only=True)
class Column:
    """One metric under one protocol.

    Attributes:
        name: the metric, with a letter if the runs measured it in several ways.
        protocol: everything that the numbers depend on.
        measurements: those of all runs that were, or are being, measured by this protocol.
    """

    name: str
    metric: str
    protocol: dict[str, Any]
    measurements: tuple[Measurement, ...]

    @property
    def floors(self) -> tuple[float, ...]:
        """The scores of real data against real data."""
        return tuple(sorted({one.floor for one in self.measurements if one.floor is not None}))

    @property
    def higher(self) -> bool:
        """Whether a larger value is better, as the runs say it."""
        results = [{"metrics": {self.metric: one.result}} for one in self.measurements]
        stored = (source for one in self.measurements for source in (one.run.summary, one.run.environment))
        return higher_is_better(self.metric, *results, *stored)

    @property
    def lead(self) -> bool:
        """Whether runs are compared by this column first."""
        return any(one.lead for one in self.measurements)

    @cached_property
    def results(self) -> Mapping[str, Mapping[str, Any]]:
        """Job -> its `last` and, if it was measured during training, `best` and `best_updates`."""
        return {one.run.job: one.result for one in self.measurements if one.result}

    @cached_property
    def jobs(self) -> frozenset[str]:
        """The jobs that were, or are being, measured by this protocol during training: those with a curve."""
        return frozenset(one.run.job for one in self.measurements if one.training)


def columns_of(runs: Sequence[RunRecord]) -> list[Column]:
    """The columns of a comparison: the metrics that training is judged by, those of `make fid`, then all others."""
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for run in runs:
        for one in measurements_of(run, runs):
            groups.setdefault(one.key, []).append(one)
    mains = {run.main for run in runs if run.main}
    order = list(dict.fromkeys(metric for metric, _ in groups))
    leads = {key[0] for key, own in groups.items() if any(one.lead for one in own)}
    keys = sorted(groups, key=lambda key: (key[0] not in mains, key[0] not in leads, order.index(key[0])))
    several = {metric for metric, _ in keys if sum(metric == other for other, _ in keys) > 1}
    columns: list[Column] = []
    for metric, key in keys:
        number = sum(column.metric == metric for column in columns)
        name = f"{metric} ({_letters(number)})" if metric in several else metric
        own = groups[metric, key]
        columns.append(Column(name=name, metric=metric, protocol=own[0].protocol, measurements=tuple(own)))
    return columns


def _letters(number: int) -> str:
    alphabet = string.ascii_uppercase
    return alphabet[number] if number < len(alphabet) else str(number + 1)
