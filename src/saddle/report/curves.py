"""Learning curves over seeds: mean and band of each setting."""

from collections.abc import Sequence
from dataclasses import dataclass

from saddle.report.protocol import Column
from saddle.report.run import Run
from saddle.report.settings import Setting
from saddle.report.statistics import Interval, t_interval


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One setting in one column.

    Attributes:
        points: update -> interval over the finished seeds, at the updates at which all of them were measured.
        unfinished: of each run that has not ended, update -> value; they are in no mean.
    """

    setting: str
    points: dict[int, Interval]
    unfinished: tuple[dict[int, float], ...]


def curves_of(settings: Sequence[Setting], column: Column) -> list[Curve]:
    """The curves of a column, of the settings that have any."""
    inside = {run.job for run in column.runs}
    found = [_curve(setting, column.metric, inside) for setting in settings]
    return [curve for curve in found if curve.points or curve.unfinished]


def _curve(setting: Setting, metric: str, inside: set[str]) -> Curve:
    runs = [run for run in setting.runs if run.job in inside]
    ended = [run for run in setting.seeds.values() if run.job in inside]
    others = [run.curve(metric) for run in runs if not run.finished]
    return Curve(
        setting=setting.name, points=_over_seeds(ended, metric), unfinished=tuple(curve for curve in others if curve)
    )


def _over_seeds(runs: Sequence[Run], metric: str) -> dict[int, Interval]:
    curves = [run.curve(metric) for run in runs]
    common = set.intersection(*map(set, curves)) if curves else set()
    return {updates: t_interval([curve[updates] for curve in curves]) for updates in sorted(common)}
