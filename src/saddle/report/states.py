"""Tables of single runs: their numbers, and why some have none."""

import os
from pathlib import Path
from urllib.parse import quote

from saddle.report.comparison import Comparison
from saddle.report.protocol import Column
from saddle.report.results import SELECTED, arrow
from saddle.report.run import RunRecord
from saddle.report.sheet import Cell, Sheet, count_cell, number_cell
from saddle.report.text import duration, number

NUMERIC = ("seed", "updates", "measured time")


def runs_sheet(comparison: Comparison, folder: Path) -> Sheet:
    """Every run, with its setting where the run's name does not tell it; links are relative to `folder`."""
    columns = comparison.columns
    of = {run.job: setting.name for setting in comparison.settings for run in setting.runs}
    titles = [title for column in columns for title in _titles(column)]
    named = any(name != run.setting for run in comparison.jobs if (name := of.get(run.job)))
    facts = ("run", *(["setting"] if named else []), "seed", "status", "updates", "measured time")

    def row(run: RunRecord) -> tuple[Cell, ...]:
        link = quote(Path(os.path.relpath(run.folder, folder)).as_posix()) if run.status != "not started" else ""
        resumed = f"went on {run.resumed} time{'s' * (run.resumed > 1)}" if run.resumed else ""
        return (
            Cell(text=run.job, link=link),
            *([Cell(text=of.get(run.job, "-"))] if named else []),
            Cell(text=run.seed or "-", value=float(run.seed) if run.seed.isdigit() else None),
            _status(run, "; ".join(filter(None, (resumed, run.cause if run.finished else "")))),
            count_cell(run.updates),
            Cell(text=duration(run.seconds), value=run.seconds),
            *(cell for column in columns for cell in _values(run, column)[: len(_titles(column))]),
            Cell(text=_code(run)),
        )

    return Sheet(
        key="runs",
        title="Runs",
        header=(*facts, *titles, "code"),
        rows=tuple(row(run) for run in comparison.jobs),
        numeric=frozenset({*map(facts.index, NUMERIC), *range(len(facts), len(facts) + len(titles))}),
        words=(f"* the best of the run's own evaluations, with its update. {SELECTED}",),
    )


def unfinished_sheet(comparison: Comparison) -> Sheet:
    """The runs that did not finish, and why."""
    return Sheet(
        key="unfinished",
        title="Failed and unfinished",
        header=("run", "status", "updates", "cause"),
        rows=tuple(
            (
                Cell(text=run.job),
                _status(run),
                count_cell(run.updates),
                Cell(text=run.cause or "it has no results", more=run.trace),
            )
            for run in comparison.jobs
            if not run.finished
        ),
        numeric=frozenset({2}),
        words=("They are in no mean and no difference; their curves are drawn thin.",),
    )


def _titles(column: Column) -> tuple[str, ...]:
    """A value that was measured once, after training, has no best."""
    last, best = f"{column.name} {arrow(column)}", f"best {column.name}*"
    return (last, best) if column.jobs else (last,)


def _status(run: RunRecord, note: str = "") -> Cell:
    return Cell(text=run.status, note=note, mark="worse" if run.status in ("failed", "unreadable") else "")


def _values(run: RunRecord, column: Column) -> tuple[Cell, Cell]:
    """The last and the best value of a finished run; of one that is not finished, the value so far."""
    if run.finished and (own := column.results.get(run.job)):
        at = f"@{own['best_updates']:,}" if "best_updates" in own else ""
        return number_cell(own["last"]), Cell(text=number(own.get("best")), value=own.get("best"), note=at)
    curve = run.curve(column.metric) if run.job in column.jobs else {}
    if not curve:
        return Cell(text="-"), Cell(text="-")
    latest = max(curve)
    so_far = Cell(text=number(curve[latest]), value=curve[latest], note=f"so far, @{latest:,}", mark="dim")
    return so_far, Cell(text="-")


def _code(run: RunRecord) -> str:
    """The version and the commit that the run was started with."""
    environment = run.environment
    commit = str(environment.get("commit") or "")[:7]
    changes = "with changes" if environment.get("dirty") else ""
    return " ".join(str(word) for word in (environment.get("saddle"), commit, changes) if word) or "-"
