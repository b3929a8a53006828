"""Rows as a table for a terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from saddle.report.rows import Row
from saddle.report.text import duration, number, shorten

NARROWEST_JOB = 16


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column; of those that do not fit, the one with the largest `spare` is left out first, never one with 0."""

    title: str
    cell: Callable[[Row], str]
    spare: int
    right: bool = True


def terminal(rows: Sequence[Row], width: int = 100) -> str:
    """The table as text of at most `width` columns, with what its marks mean below it.

    What does not fit is left out: first the other metrics from the right, then the multiple of the floor, the last
    grid, the time; last, long job names lose their middle.
    """
    columns = _columns(rows)
    while _width(columns, rows) > width and any(column.spare for column in columns):
        columns.remove(max(columns, key=lambda column: column.spare))
    longest = max(NARROWEST_JOB, max(len(row.job) for row in rows) - max(0, _width(columns, rows) - width))
    cells = [[column.title for column in columns]]
    cells += [[shorten(row.job, longest), *(column.cell(row) for column in columns[1:])] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.rjust(space) if column.right else text.ljust(space)
            for text, space, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in cells
    ]
    lines.insert(1, "  ".join("-" * space for space in widths))
    return "\n".join([*lines, *_notes(rows)])


def _columns(rows: Sequence[Row]) -> list[Column]:
    mains = _mains(rows)
    others = list(dict.fromkeys(name for row in rows for name in row.others))
    columns = [
        Column(title="job", cell=lambda row: row.job, spare=0, right=False),
        Column(title="status", cell=lambda row: row.status, spare=0, right=False),
        Column(title="updates", cell=lambda row: "-" if row.updates is None else str(row.updates), spare=0),
        Column(title="time", cell=lambda row: duration(row.seconds), spare=1),
    ]
    if mains:
        columns.append(Column(title=" or ".join(mains), cell=_last(named=len(mains) > 1), spare=0))
        columns.append(Column(title="best*", cell=_best, spare=0))
    if any(row.floor for row in rows):
        columns.append(Column(title="x floor", cell=_multiple, spare=3))
    for place, name in enumerate(others):
        columns.append(Column(title=name, cell=_other(name), spare=4 + place))
    columns.append(Column(title="last grid", cell=_grid, spare=2, right=False))
    return columns


def _mains(rows: Sequence[Row]) -> list[str]:
    """The metrics that the runs are compared by: one, unless they are runs on different sets."""
    return list(dict.fromkeys(row.main for row in rows if row.main))


def _last(named: bool) -> Callable[[Row], str]:
    """The last value; with its metric where runs differ in it, and its update where that is not the run's last."""

    def cell(row: Row) -> str:
        stale = row.last_updates is not None and row.last_updates != row.updates
        text = f"{number(row.last)} @{row.last_updates}" if stale else number(row.last)
        return f"{row.main} {text}" if named and row.last is not None else text

    return cell


def _other(name: str) -> Callable[[Row], str]:
    return lambda row: number(row.others.get(name))


def _grid(row: Row) -> str:
    return row.grid.relative_to(row.folder).as_posix() if row.grid else "-"


def _best(row: Row) -> str:
    return number(row.best) if row.best_updates is None else f"{number(row.best)} @{row.best_updates}"


def _multiple(row: Row) -> str:
    return number(round(row.last / row.floor, 1)) if row.last is not None and row.floor else "-"


def _notes(rows: Sequence[Row]) -> list[str]:
    mains = _mains(rows)
    if not mains:
        return []
    notes = [
        "",
        "* the best of the run's own evaluations (@updates): selected on the numbers it is taken from, so optimistic",
    ]
    for main in mains:
        floors = sorted({row.floor for row in rows if row.floor and row.main == main})
        if floors:
            images = any(row.of_images for row in rows if row.main == main)
            sides = "real images against real images" if images else "draws of the data against the data"
            notes.append(f"floor of {main}, {sides}: {', '.join(map(number, floors))}")
    if len(mains) > 1:
        notes.append(f"{' and '.join(mains)} are measured in different ways: their numbers do not compare")
    return notes


def _width(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    return sum(max(len(column.title), *(len(column.cell(row)) for row in rows)) + 2 for column in columns) - 2
