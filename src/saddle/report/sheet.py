"""A table without a form: for a page, for Markdown, for CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands in one place.

    Attributes:
        text: for people.
        value: the number behind it, in full.
        note: what belongs to it, smaller.
        mark: how it is meant: `better`, `worse`, `dim`, or nothing.
        link: where it leads.
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
        key: its name in a page's addresses.
        title: what it shows.
        header: one word for each column; those in `numeric` hold numbers.
        words: what a reader needs to know about it, a paragraph each.
    """

    key: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int]
    words: tuple[str, ...]


def markdown(sheet: Sheet) -> str:
    """The sheet as a section of a Markdown file."""
    lines = [
        _line(sheet.header),
        _line(["---:" if place in sheet.numeric else "---" for place in range(len(sheet.header))]),
    ]
    lines += [_line([_in_one(cell) for cell in row]) for row in sheet.rows]
    return "\n".join([f"## {sheet.title}", "", *lines, *(f"\n{text}" for text in sheet.words)])


def plain(sheet: Sheet) -> str:
    """The sheet for a terminal."""
    cells = [sheet.header, *([cell.text for cell in row] for row in sheet.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if place in sheet.numeric else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([sheet.title, "", *lines, "", *sheet.words])


def comma_separated(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """CSV as RFC 4180 has it, but with line feeds; None is an empty field, numbers are in full."""
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
