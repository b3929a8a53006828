"""A run as every report sees it, read from its folder whatever state the folder is in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from saddle.runs.contents import LARGEST
from saddle.runs.folder import RunFolder
from saddle.runs.identity import identity_of
from saddle.runs.naming import setting_name
from saddle.runs.reading import LOADER, first_line, require_plain_yaml
from saddle.runs.summary import higher_is_better, of_images

CAUSES = {
    "failed": "it did not say why",
    "interrupted": "it was stopped; the same command goes on with it",
    "running": "it is being trained",
    "new": "it has not begun to train",
}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The contents of a run's folder; whatever the folder lacks is empty or None.

    Attributes:
        status: a state of `saddle.runs.status`, "not started" for a job without a folder, "unreadable" if a file is
            damaged.
        cause: one line that says why the run is not finished.
        trace: the whole message, if it is longer than one line.
        settings: path -> value of every key that changes the run's numbers.
        config: `config.yaml`.
        summary: `summary.json`.
        lines: the lines of the log, each with `updates`.
        grids: update -> picture of samples.
        real: a picture of real samples, drawn like the grids.
        evaluations: the results of `evaluation.json`, the newest last.
        overrides: the overrides of the run's job, if the sweep lists them.
        main: the metric that runs are compared by; empty while neither this run nor another has named it.
        floor: what as many real data score against real data in the main metric.
        floor_error: its uncertainty, where it is known.
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
    real: Path | None = None
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    overrides: tuple[str, ...] = ()
    main: str = ""
    floor: float | None = None
    floor_error: float | None = None

    @property
    def seed(self) -> str:
        """The seed; empty if the configuration has none."""
        return str(self.settings.get("seed", ""))

    @property
    def setting(self) -> str:
        """The job's name without the seed."""
        trial = self.environment.get("trial") or {}
        return setting_name(self.job, seed=self.seed, run=str(trial.get("run", "")))

    @property
    def updates(self) -> int | None:
        """The number of updates that the run has made."""
        logged = int(self.lines[-1]["updates"]) if self.lines else None
        return self.summary.get("updates", logged) if self.status == "finished" else logged

    @property
    def seconds(self) -> float | None:
        """The measured seconds of training."""
        return self.summary.get("seconds")

    @property
    def finished(self) -> bool:
        """Whether the run ended well and has results."""
        return self.status == "finished" and bool(self.results or self.evaluations)

    @cached_property
    def results(self) -> dict[str, dict[str, float]]:
        """Metric -> its `last`, `best` and `best_updates`, as the summary has them."""
        metrics = self.summary.get("metrics")
        pairs = metrics.items() if isinstance(metrics, dict) else ()
        numbers = {
            name: {key: number for key, number in value.items() if _is_number(number)}
            for name, value in pairs
            if isinstance(value, dict)
        }
        return {name: value for name, value in numbers.items() if "last" in value}

    @property
    def resumed(self) -> int:
        """How often the run was resumed."""
        return len(self.environment.get("earlier") or [])

    @property
    def of_images(self) -> bool:
        """Whether the summary says that this is a run on images."""
        return of_images(self.summary)

    @property
    def last_grid(self) -> Path | None:
        """The grid of the most updates."""
        return self.grids[max(self.grids)] if self.grids else None

    @property
    def stale(self) -> str:
        """` @500` if the main metric was last measured at update 500, not at the run's last update."""
        measured = max(self.curve(self.main), default=None)
        return "" if measured in (None, self.updates) else f" @{measured}"

    def curve(self, metric: str) -> dict[int, float]:
        """Update -> value, as logged."""
        return {int(line["updates"]): line[metric] for line in self.lines if _is_number(line.get(metric))}

    def value(self, metric: str) -> dict[str, float]:
        """The metric's `last`, `best` and `best_updates`: a finished run's result, or the values logged so far."""
        if self.finished and metric in self.results:
            return self.results[metric]
        curve = self.curve(metric)
        if not curve:
            return {}
        valid = {updates: value for updates, value in curve.items() if not math.isnan(value)}
        last = curve[max(curve)]
        if not valid:
            return {"last": last, "best": math.nan}
        best = (max if higher_is_better(metric) else min)(valid, key=lambda updates: valid[updates])
        return {"last": last, "best": valid[best], "best_updates": best}


def read_runs(
    folders: Sequence[RunFolder],
    states: Mapping[str, str] | None = None,
    overrides: Mapping[str, Sequence[str]] | None = None,
) -> list[RunRecord]:
    """The runs in `folders`, in their order. A run without a summary is compared by the others' main metric.

    Args:
        folders: the folders; one that does not exist is a job that has not started.
        states: job -> how it ended as its launcher saw it. A job that was refused because its folder holds a finished
            run has failed, although the run has not.
        overrides: job -> its overrides, if the sweep lists them.
    """
    runs = [_read(folder, (states or {}).get(folder.job), (overrides or {}).get(folder.job, ())) for folder in folders]
    known = next((run for run in runs if run.main), None)
    if known is None:
        return runs
    return [replace(run, main=run.main or known.main, **_floor(run.summary or known.summary)) for run in runs]


def _read(folder: RunFolder, state: str | None, overrides: Sequence[str]) -> RunRecord:
    """The run in `folder`; if a file of it cannot be read, its `cause` says so."""
    own: dict[str, Any] = {"job": folder.job, "folder": folder.path, "overrides": tuple(overrides)}
    if not folder.exists():
        return RunRecord(**own, status=state or "not started", cause="there is no folder of it yet")
    try:
        status, summary, config = folder.status(), folder.summary() or {}, _config(folder)
        error = str(status.details.get("error") or "")
        grids, damage = _grids(folder)
        return RunRecord(
            **own,
            status=state or status.state,
            cause=error.partition("\n")[0] or _cause(status.state, state) or damage,
            trace=str(status.details.get("trace") or ""),
            settings=identity_of(config) if config else {},
            config=config,
            summary=summary,
            environment=folder.environment() or {},
            lines=[{key: value for key, value in line.items() if _is_number(value)} for line in folder.metrics()],
            grids=grids,
            real=folder.real if folder.real.is_file() else None,
            evaluations=_evaluations(folder),
            main=str(summary.get("main_metric") or ""),
            **_floor(summary),
        )
    except (ValueError, OSError) as error:
        return RunRecord(**own, status="unreadable", cause=f"a file of it is damaged: {error}".partition("\n")[0])
    except Exception as error:  # whatever a stranger's file contains, the other runs are compared
        return RunRecord(**own, status="unreadable", cause=f"a file of it is damaged: {first_line(error)}")


def _floor(summary: dict[str, Any]) -> dict[str, Any]:
    """The floor and its uncertainty; no floor if it is that of an earlier version, which compared halves of images."""
    halves = of_images(summary) and "floor_error" not in summary
    return {"floor": None if halves else summary.get("floor"), "floor_error": summary.get("floor_error")}


def _evaluations(folder: RunFolder) -> list[dict[str, Any]]:
    """The evaluations after training.

    Raises:
        ValueError: the file was changed by hand.
    """
    evaluations = folder.evaluations()
    for one in evaluations:
        parts = [one.get(key) or {} for key in ("metrics", "protocol", "higher_is_better", "floor")]
        comparisons = parts[1].get("comparisons") or ()
        if not all(isinstance(part, dict) for part in parts) or not all(own["metrics"] for own in comparisons):
            raise ValueError(f"{folder.evaluation} has no mappings where they belong: it was changed by hand")
    return evaluations


def _config(folder: RunFolder) -> dict[str, Any]:
    try:
        text = folder.config()
    except LookupError:  # the run ended before it began to train
        return {}
    require_plain_yaml(text, folder.path / "config.yaml")
    config = yaml.load(text, Loader=LOADER)
    return config if isinstance(config, dict) else {}


def _grids(folder: RunFolder) -> tuple[dict[int, Path], str]:
    """Update -> grid without a last one that is damaged, and a sentence about that; empty if it is whole."""
    grids = {int(path.stem): path for path in folder.grids()}
    if not grids or is_whole(grids[max(grids)]):
        return grids, ""
    damaged = grids.pop(max(grids))
    return grids, f"its last picture is damaged and left out: {damaged.relative_to(folder.path)}"


def is_whole(picture: Path) -> bool:
    """Whether a PNG file of usual size can be decoded to its end."""
    from PIL import Image  # late: a table needs no picture

    try:
        with Image.open(picture, formats=["PNG"]) as image:
            image.load()
    except Exception:  # a damaged file fails in many ways
        return False
    return True


def _cause(state: str, launcher: str | None) -> str:
    refused = f"the job is {launcher}, the run in its folder {state}" if launcher not in (None, state) else ""
    return CAUSES.get(state, refused)


def _is_number(value: object) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < LARGEST)
