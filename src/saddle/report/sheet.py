"""A table without a form, for the page, a terminal, Markdown and CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from saddle.report.text import aligned, number


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: the text that people read.
        value: the number behind the text, in full.
        note: an addition in smaller print.
        mark: the meaning of the cell: `better`, `worse`, `dim`, or nothing.
        link: the address that the text links to.
        more: a longer text that can be opened.
    """

    text: str
    value: float | None = None
    note: str = ""
    mark: str = ""
    link: str = ""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table; the first cell of each row names it.

    Attributes:
        key: the table's name in the page's addresses.
        title: the caption.
        header: the title of each column; the columns in `numeric` hold numbers.
        words: what a reader needs to know about the table, one paragraph each.
    """

    key: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int]
    words: tuple[str, ...]


def number_cell(value: float | None) -> Cell:
    """A number, or a dash."""
    return Cell(text=number(value), value=value)


def count_cell(value: int | None) -> Cell:
    """A whole number with separators, or a dash."""
    return Cell(text="-" if value is None else f"{value:,}", value=value)


def markdown(sheet: Sheet) -> str:
    """The sheet as a section of a Markdown file."""
    lines = [
        _line(sheet.header),
        _line(["---:" if index in sheet.numeric else "---" for index in range(len(sheet.header))]),
    ]
    lines += [_line([_in_one(cell) for cell in row]) for row in sheet.rows]
    return "\n".join([f"## {sheet.title}", "", *lines, *(f"\n{text}" for text in sheet.words)])


def plain(sheet: Sheet) -> str:
    """The sheet for a terminal."""
    cells = [sheet.header, *([cell.text for cell in row] for row in sheet.rows)]
    return "\n".join([sheet.title, "", *aligned(cells, sheet.numeric), "", *sheet.words])


def comma_separated(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """CSV as RFC 4180 defines it, but with line feeds; None is an empty field, numbers are in full."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return file.getvalue()


def _in_one(cell: Cell) -> str:
    text = f"{cell.text} ({cell.note})" if cell.note else cell.text
    return text.replace("|", "\\|").replace("\n", " ").replace("*", "\\*")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
