"""Runs as a table for a terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import starmap

from saddle.report.protocol import Column, columns_of
from saddle.report.run import RunRecord
from saddle.report.text import aligned, duration, number, shorten, with_error

NARROWEST_JOB = 16


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """One column; the column with the largest `spare` is left out first if the table is too wide, one with 0 never."""

    title: str
    cell: Callable[[RunRecord], str]
    spare: int
    right: bool = True


def terminal(runs: Sequence[RunRecord], width: int = 100) -> str:
    """The table as text of at most `width` characters a line, with the meaning of its marks below it.

    If it is too wide, columns are left out: first the other metrics from the right, then the multiple of the floor, the
    last grid, the time; finally long job names lose their middle.
    """
    measured = columns_of(runs)
    columns = _columns(runs, measured)
    while _width(columns, runs) > width and any(column.spare for column in columns):
        columns.remove(max(columns, key=lambda column: column.spare))
    longest = max(NARROWEST_JOB, max(len(run.job) for run in runs) - max(0, _width(columns, runs) - width))
    cells = [[column.title for column in columns]]
    cells += [[shorten(run.job, longest), *(column.cell(run) for column in columns[1:])] for run in runs]
    right = {index for index, column in enumerate(columns) if column.right}
    return "\n".join([*aligned(cells, right), *_notes(runs, measured)])


def _columns(runs: Sequence[RunRecord], measured: Sequence[Column]) -> list[TableColumn]:
    mains = _names(runs, measured)
    others = [column for column in measured if column.results and not _is_main(column, runs)]
    leads = [column for column in others if column.lead]
    rest = [column for column in others if not column.lead]
    columns = [
        TableColumn(title="job", cell=lambda run: run.job, spare=0, right=False),
        TableColumn(title="status", cell=lambda run: run.status, spare=0, right=False),
        TableColumn(title="updates", cell=lambda run: "-" if run.updates is None else str(run.updates), spare=0),
        TableColumn(title="time", cell=lambda run: duration(run.seconds), spare=1),
    ]
    if mains:
        columns.append(TableColumn(title=" or ".join(mains), cell=_last(measured, named=len(mains) > 1), spare=0))
        columns.append(TableColumn(title="best*", cell=_best, spare=0))
    if any(run.floor for run in runs):
        columns.append(TableColumn(title="x floor", cell=_multiple, spare=3))
    columns += [TableColumn(title=column.name, cell=_other(column), spare=0) for column in leads]
    for index, column in enumerate(rest):
        columns.append(TableColumn(title=column.name, cell=_other(column), spare=4 + index))
    columns.append(TableColumn(title="last grid", cell=_grid, spare=2, right=False))
    return columns


def _names(runs: Sequence[RunRecord], measured: Sequence[Column]) -> list[str]:
    """What the runs are compared by: one name, unless their data or their protocols differ."""
    named = [column.name for column in measured if _is_main(column, runs)]
    return named or list(dict.fromkeys(run.main for run in runs if run.main))


def _is_main(column: Column, runs: Sequence[RunRecord]) -> bool:
    """Whether it is the column of the main metric, as it was measured during training, of any of the runs."""
    return any(run.main == column.metric and run.job in column.jobs for run in runs)


def _last(measured: Sequence[Column], named: bool) -> Callable[[RunRecord], str]:
    """The last value, with its metric if the runs differ in it, and with its update if the run is older than that."""

    def cell(run: RunRecord) -> str:
        text = f"{number(run.value(run.main).get('last'))}{run.stale}"
        own = (column.name for column in measured if column.metric == run.main and run.job in column.jobs)
        return " ".join([next(own, run.main), text]) if named and run.value(run.main) else text

    return cell


def _other(column: Column) -> Callable[[RunRecord], str]:
    def cell(run: RunRecord) -> str:
        so_far = run.value(column.metric) if run.job in column.jobs else {}
        return number(column.results.get(run.job, so_far).get("last"))

    return cell


def _grid(run: RunRecord) -> str:
    return run.last_grid.relative_to(run.folder).as_posix() if run.last_grid else "-"


def _best(run: RunRecord) -> str:
    value = run.value(run.main)
    return number(value.get("best")) + (f" @{value['best_updates']}" if "best_updates" in value else "")


def _multiple(run: RunRecord) -> str:
    value = run.value(run.main)
    return number(round(value["last"] / run.floor, 1)) if value and run.floor else "-"


def _notes(runs: Sequence[RunRecord], measured: Sequence[Column]) -> list[str]:
    mains = list(dict.fromkeys(run.main for run in runs if run.main))
    if not mains:
        return []
    notes = [
        "",
        "* the best of the run's own evaluations (@updates): selected on the numbers it is taken from, so optimistic",
    ]
    for main in mains:
        own = [run for run in runs if run.main == main]
        floors = sorted({(run.floor, run.floor_error or 0.0) for run in own if run.floor})
        if floors:
            images = any(run.of_images for run in own)
            sides = "real images against real images" if images else "draws of the data against the data"
            notes.append(f"floor of {main}, {sides}: {', '.join(starmap(with_error, floors))}")
        if left_out := sum(run.floor is None and run.summary.get("floor") is not None for run in own):
            notes.append(
                f"the floor of {left_out} of {len(own)} runs is left out: an earlier version measured half of the real "
                "images against half, which is about twice as far as all against all"
            )
    finished = sum(run.finished for run in runs)
    for column in measured:
        if column.lead and not column.jobs:
            count = f"of {len(column.results)} of the {finished} finished runs"
            floor = f"; of real images {', '.join(map(number, column.floors))}" if column.floors else ""
            notes.append(f"{column.name}: measured after training, {count}{floor}")
    names = _names(runs, measured)
    if len(names) > 1:
        notes.append(f"{' and '.join(names)} are measured in different ways: their numbers do not compare")
    return notes


def _width(columns: Sequence[TableColumn], runs: Sequence[RunRecord]) -> int:
    return sum(max(len(column.title), *(len(column.cell(run)) for run in runs)) + 2 for column in columns) - 2
