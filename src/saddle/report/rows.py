"""A run's line in a comparison, read from its folder."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddle.runs.folder import RunFolder
from saddle.runs.summary import of_images


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a comparison says of one run.

    Attributes:
        main: name of the metric that runs are compared by; empty while no run has said which.
        last, last_updates: its value at the last evaluation, and when that was.
        best: its best at any evaluation, selected on the numbers it is taken from and therefore optimistic.
        floor: what real images score against real images.
        others: the last values of the other metrics.
        grid: the last grid of samples.
        wandb: what W&B's part of the run says at its end, one line.
        metrics: the lines of the run's log.
        of_images: whether its summary says that it is a run on images.
    """

    job: str
    folder: Path
    status: str
    updates: int | None
    seconds: float | None
    main: str
    last: float | None
    last_updates: int | None
    best: float | None
    best_updates: int | None
    floor: float | None
    others: dict[str, float | None]
    grid: Path | None
    wandb: str
    metrics: list[dict[str, float]]
    of_images: bool


def read_rows(runs: Sequence[RunFolder], states: Mapping[str, str] | None = None) -> list[Row]:
    """One row for each run, in their order.

    Args:
        runs: the runs.
        states: how jobs ended as their launcher saw it; a job refused by its folder's finished run has failed, the
            run has not.
    """
    found = [_read(run) for run in runs]
    known = next((summary for summary, _, _ in found if summary.get("main_metric")), {})
    return [
        _row(run, summary, metrics, (states or {}).get(run.job, state), known)
        for run, (summary, metrics, state) in zip(runs, found, strict=True)
    ]


def _read(run: RunFolder) -> tuple[dict[str, Any], list[dict[str, float]], str]:
    """Summary, log and state; of a folder with a damaged file there is only that to say."""
    try:
        lines = [line for line in run.metrics() if "updates" in line]
        return run.summary() or {}, lines, run.status().state
    except (ValueError, TypeError):
        return {}, [], "unreadable"


def _row(
    run: RunFolder, summary: dict[str, Any], metrics: list[dict[str, float]], state: str, known: dict[str, Any]
) -> Row:
    main = summary.get("main_metric") or known.get("main_metric", "")
    stored = {name: value for name, value in summary.get("metrics", {}).items() if isinstance(value, dict)}
    values = stored or _values(metrics, main, known.get("lower_is_better", True))
    own = values.get(main, {})
    return Row(
        job=run.job,
        folder=run.path,
        status=state,
        updates=summary.get("updates", metrics[-1]["updates"] if metrics else None),
        seconds=summary.get("seconds"),
        main=main,
        last=own.get("last"),
        last_updates=max((int(line["updates"]) for line in metrics if main in line), default=None),
        best=own.get("best"),
        best_updates=own.get("best_updates"),
        floor=summary.get("floor", known.get("floor")),
        others={name: value.get("last") for name, value in values.items() if name != main},
        grid=run.last_grid(),
        wandb=summary.get("wandb") or "",
        metrics=metrics,
        of_images=of_images(summary),
    )


def _values(metrics: list[dict[str, float]], main: str, lower_is_better: bool) -> dict[str, dict[str, Any]]:
    """The main metric of a run that did not come to its summary, in the summary's form."""
    measured = [(line[main], int(line["updates"])) for line in metrics if main in line]
    if not measured:
        return {}
    valid = [pair for pair in measured if not math.isnan(pair[0])]
    best, updates = (min if lower_is_better else max)(valid, default=(math.nan, None))
    return {main: {"last": measured[-1][0], "best": best, "best_updates": updates}}
