"""Tables for README.md: each stands between two comments that name it, and is replaced as a whole."""

from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"


def replace(section: str, table: str, readme: Path = README) -> None:
    """Put `table` between `<!-- section -->` and `<!-- /section -->` of a README.md, by default of this folder's.

    Raises:
        ValueError: the README has no such section.
    """
    text = readme.read_text()
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    if begin not in text or end not in text:
        raise ValueError(f"{readme} has no section {begin.strip()} ... {end}")
    before, rest = text.split(begin)
    readme.write_text(before + begin + table + end + rest.split(end)[1])


def table(header: list[str], rows: list[list[str]]) -> str:
    """Markdown: the first column to the left, the others to the right."""
    rules = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rules, *rows))
