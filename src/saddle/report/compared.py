"""Runs compared: results over seeds, and differences to a baseline paired by seed."""

from collections.abc import Sequence
from dataclasses import dataclass

from saddle.report.cost import Costs, costs_of
from saddle.report.protocol import Column, columns_of
from saddle.report.run import Run
from saddle.report.settings import Setting, settings_of
from saddle.report.statistics import Interval, holm, t_interval, t_test


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A setting minus the baseline in one column, over the seeds that both have.

    Attributes:
        interval: of the mean difference; None where no seed is in both.
        p: of the paired t test; `adjusted` by Holm over all differences of the column.
    """

    setting: str
    interval: Interval | None
    p: float | None
    adjusted: float | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that a page says, in numbers.

    Attributes:
        runs: all of them, whatever their state.
        settings: the rows; runs without a stored configuration are in none.
        last, best: (setting, column) -> interval over the seeds, where any finished.
        differences: column -> one for each setting but the baseline.
    """

    name: str
    runs: tuple[Run, ...]
    settings: tuple[Setting, ...]
    columns: tuple[Column, ...]
    baseline: str
    last: dict[tuple[str, str], Interval]
    best: dict[tuple[str, str], Interval]
    differences: dict[str, list[Difference]]
    costs: Costs

    @property
    def models(self) -> set[str]:
        """What the settings train: an update and a loss of one are not those of another."""
        return {str(setting.runs[0].settings.get("model._target_", "")) for setting in self.settings}


def compare(name: str, runs: Sequence[Run], baseline: str | None) -> Comparison:
    """Compare `runs`.

    Args:
        name: of the sweep.
        runs: in the order of its jobs.
        baseline: a setting or a job that the others are compared with; None: the first setting.

    Raises:
        LookupError: there is no such setting or job.
    """
    settings, columns = settings_of(runs), columns_of(runs)
    chosen = _baseline(settings, baseline)
    last, best = (
        {
            (setting.name, column.name): t_interval(list(values.values()))
            for setting in settings
            for column in columns
            if (values := _values(setting, column, of))
        }
        for of in ("last", "best")
    )
    return Comparison(
        name=name,
        runs=tuple(runs),
        settings=tuple(settings),
        columns=tuple(columns),
        baseline=chosen.name if chosen else "",
        last=last,
        best=best,
        differences={column.name: _differences(settings, column, chosen) for column in columns} if chosen else {},
        costs=costs_of(settings),
    )


def _values(setting: Setting, column: Column, of: str) -> dict[str, float]:
    """Seed -> value of the finished runs of `setting` that were measured as `column` says."""
    inside = {run.job for run in column.runs}
    return {
        seed: run.results[column.metric][of]
        for seed, run in setting.seeds.items()
        if run.job in inside and of in run.results[column.metric]
    }


def _differences(settings: Sequence[Setting], column: Column, baseline: Setting) -> list[Difference]:
    base = _values(baseline, column, "last")
    pairs = {}
    for setting in settings:
        own = _values(setting, column, "last")
        pairs[setting.name] = [own[seed] - base[seed] for seed in base if seed in own]
    del pairs[baseline.name]
    p_values = [t_test(values) for values in pairs.values()]
    return [
        Difference(setting=name, interval=t_interval(values) if values else None, p=p, adjusted=adjusted)
        for (name, values), p, adjusted in zip(pairs.items(), p_values, holm(p_values), strict=True)
    ]


def _baseline(settings: Sequence[Setting], asked: str | None) -> Setting | None:
    if asked is None:
        return settings[0] if settings else None
    for setting in settings:
        if asked == setting.name or asked in (run.job for run in setting.runs):
            return setting
    names = ", ".join(setting.name for setting in settings)
    raise LookupError(f"baseline={asked}: there is no such setting; there are {names or 'none'}")
