"""A run as a comparison knows it, read from its folder whatever state that is in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from saddle.runs.folder import RunFolder
from saddle.runs.identity import identity_of
from saddle.runs.naming import setting_name

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C is ten times as fast, where it was built."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a folder says of its run; what it does not say is empty or None.

    Attributes:
        status: one of a run's states, "not started" where a job has no folder, "unreadable" where a file is damaged.
        cause: why it is not finished, one line.
        trace: the whole message, where there is more of it.
        settings: path -> value of every key that changes its numbers.
        config: `config.yaml`.
        summary: `summary.json`.
        lines: of the log, each with `updates`.
        overrides: what its job set, where the sweep says so.
    """

    job: str
    folder: Path
    status: str
    cause: str = ""
    trace: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, float]] = field(default_factory=list)
    grids: dict[int, Path] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def seed(self) -> str:
        """Its seed; empty where the configuration has none."""
        return str(self.settings.get("seed", ""))

    @property
    def setting(self) -> str:
        """What it is called without its seed."""
        trial = self.environment.get("trial") or {}
        return setting_name(self.job, seed=self.seed, run=str(trial.get("run", "")))

    @property
    def updates(self) -> int | None:
        """How many it has behind it."""
        logged = int(self.lines[-1]["updates"]) if self.lines else None
        return self.summary.get("updates", logged) if self.finished else logged

    @property
    def finished(self) -> bool:
        """Whether it came to its end, and so has a result."""
        return self.status == "finished" and bool(self.results)

    @cached_property
    def results(self) -> dict[str, dict[str, float]]:
        """Metric -> its `last`, `best` and `best_updates`."""
        metrics = self.summary.get("metrics")
        pairs = metrics.items() if isinstance(metrics, dict) else ()
        return {name: value for name, value in pairs if isinstance(value, dict) and _is_number(value.get("last"))}

    @property
    def main(self) -> str:
        """The metric that its training was to be judged by."""
        return str(self.summary.get("main_metric") or "")

    @property
    def resumed(self) -> int:
        """How often it was gone on with."""
        return len(self.environment.get("earlier") or [])

    def curve(self, metric: str) -> dict[int, float]:
        """Update -> value, as logged."""
        return {int(line["updates"]): line[metric] for line in self.lines if _is_number(line.get(metric))}


def read_run(folder: RunFolder, *, state: str | None, overrides: Sequence[str]) -> Run:
    """The run in `folder`; one whose files cannot be read says so in its `cause`.

    Args:
        folder: where it lies.
        state: how its launcher saw it end, where that knows better.
        overrides: of its job, where the sweep says them.
    """
    own: dict[str, Any] = {"job": folder.job, "folder": folder.path, "overrides": tuple(overrides)}
    if not folder.exists():
        return Run(**own, status=state or "not started", cause="there is no folder of it yet")
    try:
        status = folder.status()
        config = _config(folder)
        said = str(status.details.get("error") or "")
        return Run(
            **own,
            status=state or status.state,
            cause=said.partition("\n")[0] or _words(status.state, state),
            trace=str(status.details.get("trace") or ""),
            settings=identity_of(config) if config else {},
            config=config,
            summary=folder.summary() or {},
            environment=folder.environment() or {},
            lines=[line for line in folder.metrics() if isinstance(line, dict) and _is_number(line.get("updates"))],
            grids={int(path.stem): path for path in folder.grids()},
        )
    except (ValueError, OSError, AttributeError, TypeError, yaml.YAMLError) as error:
        return Run(**own, status="unreadable", cause=f"a file of it is damaged: {error}".partition("\n")[0])


def _config(folder: RunFolder) -> dict[str, Any]:
    try:
        config = yaml.load(folder.config(), Loader=LOADER)  # both are safe
    except LookupError:  # it ended before it began to train
        return {}
    return config if isinstance(config, dict) else {}


def _words(state: str, seen: str | None) -> str:
    words = {
        "failed": "it did not say why",
        "interrupted": "it was stopped; the same command goes on with it",
        "running": "it is being trained",
        "new": "it has not begun to train",
    }
    refused = f"the job is {seen}, the run in its folder {state}" if seen not in (None, state) else ""
    return words.get(state, refused)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
