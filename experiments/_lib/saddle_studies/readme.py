"""Tables in the README of an experiment, each between two comments that name it."""

from collections.abc import Sequence
from pathlib import Path

from saddle.runs.folder import replace_file


def replace(readme: Path, section: str, table: str) -> None:
    """Put `table` between `<!-- section -->` and `<!-- /section -->` of a README.md.

    Raises:
        ValueError: the README has no such section.
    """
    text = readme.read_text(encoding="utf-8")
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    if begin not in text or end not in text:
        raise ValueError(f"{readme} has no section {begin.strip()} ... {end}")
    before, rest = text.split(begin)
    whole = before + begin + table + end + rest.split(end)[1]
    replace_file(readme, lambda file: file.write(whole.encode()))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with the first column aligned to the left and the others to the right."""
    rules = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rules, *rows))
