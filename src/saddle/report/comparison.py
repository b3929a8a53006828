"""Runs compared: results over seeds, and differences to a baseline paired by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from saddle.report.cost import Costs, costs_of
from saddle.report.effects import Effect, effects_of
from saddle.report.names import renamed
from saddle.report.protocol import Column, columns_of
from saddle.report.run import RunRecord, read_runs
from saddle.report.settings import Setting, settings_of
from saddle.report.statistics import Interval, holm, t_interval, t_test
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import jobs_of


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A setting minus the baseline in one column, over the seeds that both have.

    Attributes:
        interval: of the mean difference; None if they share no seed.
        p: of the paired t test; `adjusted` by Holm over all differences of the column.
    """

    setting: str
    interval: Interval | None
    p: float | None
    adjusted: float | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that the terminal and the page say, in numbers.

    Attributes:
        runs: the runs, in whatever state.
        missing: jobs of the same sweep that have no folder yet.
        settings: the rows; runs without a stored configuration belong to none.
        last, best: (setting, column) -> interval over the seeds, if any run finished.
        differences: column -> one for each setting but the baseline.
        effects: column -> one for each level of each factor but the baseline's, if the design crosses factors.
    """

    name: str
    runs: tuple[RunRecord, ...]
    missing: tuple[RunRecord, ...]
    settings: tuple[Setting, ...]
    columns: tuple[Column, ...]
    baseline: str
    last: dict[tuple[str, str], Interval]
    best: dict[tuple[str, str], Interval]
    differences: dict[str, list[Difference]]
    effects: dict[str, list[Effect]]
    costs: Costs

    @property
    def jobs(self) -> tuple[RunRecord, ...]:
        """Every job of the sweep, those without a folder last."""
        return (*self.runs, *self.missing)

    @property
    def leads(self) -> tuple[Column, ...]:
        """The columns that runs are compared by: those of the main metric and of `make fid`, or else the first one."""
        return tuple(column for column in self.columns if column.lead) or self.columns[:1]

    @property
    def models(self) -> set[str]:
        """The models that the settings train: updates and losses of different models do not compare."""
        return {str(setting.runs[0].settings.get("model._target_", "")) for setting in self.settings}


def read_comparison(
    folder: Path,
    runs: Sequence[RunFolder],
    states: Mapping[str, str] | None,
    baseline: str | None,
    names: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare `runs`, and list the jobs of their sweep that have no folder yet.

    Args:
        folder: of the sweep, or of the one run.
        runs: the runs of the sweep, in the order of its jobs.
        states: how jobs ended as their launcher saw it, see `read_runs`.
        baseline: the setting, or one of its jobs, that the others are compared with; None: the first setting.
        names: setting, or part of settings' names -> name to show instead, see `saddle.report.names`.

    Raises:
        LookupError: there is no such setting or job.
        ValueError: two settings would have one name.
    """
    jobs = {name: job.get("overrides", []) for name, job in jobs_of(folder).items()}
    missing = [RunFolder(folder / name) for name in jobs if name not in {run.job for run in runs}]
    every = read_runs([*runs, *missing], states, jobs)
    settings, columns = settings_of(every), columns_of(every)
    names = names or {}
    settings = [replace(one, name=name) for one, name in zip(settings, renamed(settings, names, every), strict=True)]
    base = _baseline(settings, baseline)
    return Comparison(
        name=folder.resolve().name,
        runs=tuple(every[: len(runs)]),
        missing=tuple(every[len(runs) :]),
        settings=tuple(settings),
        columns=tuple(columns),
        baseline=base.name if base else "",
        last=_over_seeds(settings, columns, "last"),
        best=_over_seeds(settings, columns, "best"),
        differences={column.name: _differences(settings, column, base) for column in columns} if base else {},
        effects=_effects(settings, columns, base, names) if base else {},
        costs=costs_of(settings),
    )


def _over_seeds(settings: Sequence[Setting], columns: Sequence[Column], which: str) -> dict[tuple[str, str], Interval]:
    return {
        (setting.name, column.name): t_interval(list(values.values()))
        for setting in settings
        for column in columns
        if (values := _values(setting, column, which))
    }


def _values(setting: Setting, column: Column, which: str) -> dict[str, float]:
    """Seed -> value of the finished runs of `setting` that were measured as `column` says."""
    return {
        seed: column.results[run.job][which]
        for seed, run in setting.seeds.items()
        if which in column.results.get(run.job, {})
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


def _effects(
    settings: Sequence[Setting], columns: Sequence[Column], baseline: Setting, names: Mapping[str, str]
) -> dict[str, list[Effect]]:
    """Column -> its effects, if there are any, with the levels' new names."""

    def shown(factor: str, level: str) -> str:
        return names.get(f"{factor}-{level}", level)

    effects = {
        column.name: [
            replace(one, level=shown(one.factor, one.level), reference=shown(one.factor, one.reference))
            for one in effects_of(settings, baseline, partial(_values, column=column, which="last"))
        ]
        for column in columns
    }
    return {name: own for name, own in effects.items() if own}


def _baseline(settings: Sequence[Setting], name: str | None) -> Setting | None:
    if name is None:
        return settings[0] if settings else None
    for setting in settings:
        if name in (setting.name, *(job for run in setting.runs for job in (run.job, run.setting))):
            return setting
    names = ", ".join(setting.name for setting in settings)
    raise LookupError(f"baseline={name}: there is no such setting; there are {names or 'none'}")
