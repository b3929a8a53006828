"""Runs grouped by settings, and their readings over the seeds."""

from collections.abc import Sequence

from saddle.config.options import option_name
from saddle.report.run import RunRecord, read_runs
from saddle.report.statistics import t_interval
from saddle.runs.folder import RunFolder

Values = tuple[str, ...]


def grouped(folders: Sequence[RunFolder], keys: Sequence[str]) -> dict[Values, list[RunRecord]]:
    """The values of `keys` in the configuration -> the runs that have them, in the order of the folders.

    An option is given by its name, as on the command line; a group without one is `none`.
    """
    groups: dict[Values, list[RunRecord]] = {}
    for run in read_runs(folders):
        groups.setdefault(tuple(_value(run, key) for key in keys), []).append(run)
    return groups


def last(runs: Sequence[RunRecord], metric: str) -> list[float]:
    """The last reading of each run that has one."""
    curves = [run.curve(metric) for run in runs]
    return [curve[max(curve)] for curve in curves if curve]


def plus_minus(values: Sequence[float], digits: int) -> str:
    """Mean and half of the t interval, `0.068 ± 0.012`; the mean alone for one value, empty for none."""
    if not values:
        return ""
    interval = t_interval(values)
    half = "" if interval.high is None else f" ± {interval.high - interval.mean:.{digits}f}"
    return f"{interval.mean:.{digits}f}{half}"


def _value(run: RunRecord, key: str) -> str:
    if f"{key}._target_" in run.settings:
        return option_name(run.config, key)
    value = run.settings.get(key)
    return "none" if value is None else str(value)
