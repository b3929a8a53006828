"""Tables of single runs: their numbers, and why some have none."""

import os
from pathlib import Path
from urllib.parse import quote

from saddle.report.compared import Comparison
from saddle.report.protocol import Column
from saddle.report.results import SELECTED, arrow
from saddle.report.run import Run
from saddle.report.sheet import Cell, Sheet
from saddle.report.text import duration, number


def runs_sheet(found: Comparison, folder: Path) -> Sheet:
    """Every run; links are relative to `folder`."""
    inside = {column.name: {run.job for run in column.runs} for column in found.columns}
    of = {run.job: setting.name for setting in found.settings for run in setting.runs}
    titles = [title for column in found.columns for title in (f"{column.name} {arrow(column)}", f"best {column.name}*")]

    def row(run: Run) -> tuple[Cell, ...]:
        pairs = [
            _values(run, column) if run.job in inside[column.name] else (Cell(text="-"),) * 2
            for column in found.columns
        ]
        link = quote(Path(os.path.relpath(run.folder, folder)).as_posix()) if run.status != "not started" else ""
        resumed = f"went on {run.resumed} time{'s' * (run.resumed > 1)}" if run.resumed else ""
        return (
            Cell(text=run.job, link=link),
            Cell(text=of.get(run.job, "-")),
            Cell(text=run.seed or "-", value=float(run.seed) if run.seed.isdigit() else None),
            Cell(text=run.status, note=resumed, mark="worse" if run.status in ("failed", "unreadable") else ""),
            Cell(text="-" if run.updates is None else f"{run.updates:,}", value=run.updates),
            Cell(text=duration(run.summary.get("seconds")), value=run.summary.get("seconds")),
            *(cell for pair in pairs for cell in pair),
            Cell(text=_code(run)),
        )

    return Sheet(
        key="runs",
        title="Runs",
        header=("run", "setting", "seed", "status", "updates", "measured time", *titles, "code"),
        rows=tuple(row(run) for run in found.runs),
        numeric=frozenset({2, 4, 5, *range(6, 6 + len(titles))}),
        words=(f"* the best of the run's own evaluations, with its update. {SELECTED}",),
    )


def unfinished_sheet(found: Comparison) -> Sheet:
    """What did not come to its end, and why."""
    others = [run for run in found.runs if not run.finished]
    return Sheet(
        key="unfinished",
        title="Failed and unfinished",
        header=("run", "status", "updates", "cause"),
        rows=tuple(
            (
                Cell(text=run.job),
                Cell(text=run.status, mark="worse" if run.status in ("failed", "unreadable") else ""),
                Cell(text="-" if run.updates is None else f"{run.updates:,}", value=run.updates),
                Cell(text=run.cause or "it has no results", more=run.trace),
            )
            for run in others
        ),
        numeric=frozenset({2}),
        words=("They are in no mean and no difference; their curves are drawn thin.",),
    )


def _values(run: Run, column: Column) -> tuple[Cell, Cell]:
    """Last and best of a finished run; of one that is not, the value so far."""
    if run.finished and column.metric in run.results:
        own = run.results[column.metric]
        at = f"@{own['best_updates']:,}" if "best_updates" in own else ""
        best = Cell(text=number(own.get("best")), value=own.get("best"), note=at)
        return Cell(text=number(own["last"]), value=own["last"]), best
    curve = run.curve(column.metric)
    if not curve:
        return Cell(text="-"), Cell(text="-")
    latest = max(curve)
    so_far = Cell(text=number(curve[latest]), value=curve[latest], note=f"so far, @{latest:,}", mark="dim")
    return so_far, Cell(text="-")


def _code(run: Run) -> str:
    commit = str(run.environment.get("commit") or "")[:7]
    version = run.environment.get("saddle")
    return (
        " ".join(
            filter(
                None, [f"{version}" if version else "", commit, "with changes" if run.environment.get("dirty") else ""]
            )
        )
        or "-"
    )
