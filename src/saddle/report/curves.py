"""Learning curves over seeds: mean and band of each setting."""

from collections.abc import Sequence
from dataclasses import dataclass

from saddle.report.protocol import Column
from saddle.report.run import RunRecord
from saddle.report.settings import Setting
from saddle.report.statistics import Interval, t_interval


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One setting in one column.

    Attributes:
        points: update -> interval over the finished seeds, at the updates at which all of them were measured.
        unfinished: for each run that has not ended, update -> value; these runs are in no mean.
    """

    setting: str
    points: dict[float, Interval]
    unfinished: tuple[dict[int, float], ...]


def curves_of(settings: Sequence[Setting], column: Column) -> list[Curve]:
    """The curves of a column, one for each setting that has any values."""
    curves = [_curve(setting, column) for setting in settings]
    return [curve for curve in curves if curve.points or curve.unfinished]


def over_seeds(runs: Sequence[RunRecord], metric: str) -> dict[float, Interval]:
    """Update -> interval over the runs, at the updates at which all of them were measured."""
    curves = [run.curve(metric) for run in runs]
    common = set.intersection(*map(set, curves)) if curves else set()
    return {updates: t_interval([curve[updates] for curve in curves]) for updates in sorted(common)}


def _curve(setting: Setting, column: Column) -> Curve:
    ended = [run for run in setting.seeds.values() if run.job in column.jobs]
    others = [run.curve(column.metric) for run in setting.runs if run.job in column.jobs and not run.finished]
    unfinished = tuple(curve for curve in others if curve)
    return Curve(setting=setting.name, points=over_seeds(ended, column.metric), unfinished=unfinished)
