"""Runs by what they were given, and what they measured over their seeds."""

from collections.abc import Sequence

from saddle.config.options import option_name
from saddle.report.run import Run, read_run
from saddle.report.statistics import Interval, t_interval
from saddle.runs.folder import RunFolder

Values = tuple[str, ...]


def grouped(folders: Sequence[RunFolder], keys: Sequence[str]) -> dict[Values, list[Run]]:
    """The values of `keys` in the configuration -> the runs that have them, in the order of the folders.

    An option is called by its name, as on the command line; of a group without one `none`.
    """
    groups: dict[Values, list[Run]] = {}
    for folder in folders:
        run = read_run(folder, state=None, overrides=())
        groups.setdefault(tuple(_value(run, key) for key in keys), []).append(run)
    return groups


def over_seeds(runs: Sequence[Run], metric: str) -> dict[float, Interval]:
    """Update -> interval over the runs, where all of them have the reading; empty where none has it."""
    curves = [run.curve(metric) for run in runs]
    common = set.intersection(*map(set, curves)) if curves else set()
    return {updates: t_interval([curve[updates] for curve in curves]) for updates in sorted(common)}


def last(runs: Sequence[Run], metric: str) -> list[float]:
    """The last reading of each run that has one."""
    curves = [run.curve(metric) for run in runs]
    return [curve[max(curve)] for curve in curves if curve]


def plus_minus(values: Sequence[float], digits: int) -> str:
    """Mean and half of the t interval, `0.068 ± 0.012`; the mean alone of one value, nothing of none."""
    if not values:
        return ""
    found = t_interval(values)
    half = "" if found.high is None else f" ± {found.high - found.mean:.{digits}f}"
    return f"{found.mean:.{digits}f}{half}"


def _value(run: Run, key: str) -> str:
    if f"{key}._target_" in run.settings:
        return option_name(run.config, key)
    value = run.settings.get(key)
    return "none" if value is None else str(value)
