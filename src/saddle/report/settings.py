"""The keys in which runs differ, and the runs that differ in their seed alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from saddle.config.options import option_name
from saddle.report.run import RunRecord
from saddle.runs.naming import parts

ABSENT = "(absent)"
"""The value shown for a key that a run's configuration does not have."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Runs that differ in their seed alone. The name is that of their jobs without the seed."""

    name: str
    runs: tuple[RunRecord, ...]

    @property
    def seeds(self) -> dict[str, RunRecord]:
        """Seed -> its finished run; the first if there are several."""
        return {run.seed: run for run in reversed(self.runs) if run.finished}

    @property
    def overrides(self) -> tuple[str, ...]:
        """The overrides of its jobs."""
        return self.runs[0].overrides


def settings_of(runs: Sequence[RunRecord]) -> list[Setting]:
    """The settings of the runs that have stored a configuration, in the order of the runs."""
    known = [run for run in runs if run.settings]
    followers = _followers(known)
    groups: dict[str, list[RunRecord]] = {}
    for run in known:
        rest = {path: value for path, value in run.settings.items() if path not in followers and value is not None}
        groups.setdefault(json.dumps(rest, sort_keys=True, default=str), []).append(run)
    names = _distinct([_name(group) for group in groups.values()], [group[0] for group in groups.values()], followers)
    return [Setting(name=name, runs=tuple(group)) for name, group in zip(names, groups.values(), strict=True)]


def differing(settings: Sequence[Setting]) -> dict[str, list[str]]:
    """Key -> its value in each of `settings`, for the keys in which they differ; keys with equal values are one entry.

    The keys that the jobs override come first, then the keys that follow from them.
    """
    followers = _followers([run for setting in settings for run in setting.runs])
    runs = [setting.runs[0] for setting in settings]
    paths = [path for path in dict.fromkeys(path for run in runs for path in run.settings) if path not in followers]
    by_values: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        values = tuple(_shown(path, run) for run in runs)
        if len(set(values)) > 1:
            by_values.setdefault(values, []).append(path.removesuffix("._target_"))
    chosen = {key_of(override) for setting in settings for override in setting.overrides}
    ordered = sorted(by_values.items(), key=lambda entry: not chosen & set(entry[1]))
    return {", ".join(dict.fromkeys(keys)): list(values) for values, keys in ordered}


def key_of(override: str) -> str:
    """The key of an override: `optimizer.generator` of `optimizer@optimizer.generator=sgd`."""
    return override.partition("=")[0].lstrip("+~").rpartition("@")[2]


def _followers(runs: Sequence[RunRecord]) -> set[str]:
    """`seed`, and the keys that vary and equal the seed in every run that has them."""
    if len({run.seed for run in runs}) < 2:
        return {"seed", "model.seed"}
    values: dict[str, list[tuple[str, str]]] = {}
    for run in runs:
        for path, value in run.settings.items():
            values.setdefault(path, []).append((str(value), run.seed))
    return {
        path
        for path, pairs in values.items()
        if len({seed for _, seed in pairs}) > 1 and all(value == seed for value, seed in pairs)
    }


def _name(runs: Sequence[RunRecord]) -> str:
    """The name of the jobs of one setting, without what differs between them.

    A sweep over losses gives a model that has none a job for each loss, all of one setting: `model-fixed_code`.
    """
    names = dict.fromkeys(run.setting for run in runs)
    first = next(iter(names))
    if len(names) == 1:
        return first
    shared = [override for override in runs[0].overrides if all(override in run.overrides for run in runs)]
    return "_".join(part for part in parts(shared) if f"_{part}_" in f"_{first}_") or first


def _distinct(names: Sequence[str], runs: Sequence[RunRecord], followers: set[str]) -> list[str]:
    """The names of settings, each with one run; equal names get a key in which their settings differ, or a number."""
    distinct: list[str] = []
    for name, run in zip(names, runs, strict=True):
        same = [other for other_name, other in zip(names, runs, strict=True) if other_name == name]
        paths = [path for path in dict.fromkeys(path for one in same for path in one.settings) if path not in followers]
        values = {path: [_shown(path, one) for one in same] for path in paths}
        telling = next((path for path in paths if len(set(values[path])) == len(same) > 1), None)
        wanted = f"{name}, {telling.removesuffix('._target_')} {_shown(telling, run)}" if telling else name
        number = 2
        while wanted in distinct:
            wanted, number = f"{name} ({number})", number + 1
        distinct.append(wanted)
    return distinct


def _shown(path: str, run: RunRecord) -> str:
    """A value; for the class of a group's option the option's name."""
    value = run.settings.get(path)  # null and absent mean the same
    if path.endswith("._target_") and isinstance(value, str):
        return option_name(run.config, path.removesuffix("._target_"))
    return "none" if value is None or value == {} else str(value)
