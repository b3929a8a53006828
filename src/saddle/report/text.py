"""How numbers, names and tables are written for people."""

import math
import re
from collections.abc import Collection, Sequence


def number(value: float | None) -> str:
    """Four digits: `12.35`, `0.001234`, `123456`; a dash for what was not measured."""
    if value is None:
        return "-"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"


def with_error(value: float | None, error: float) -> str:
    """`0.221 ± 0.02`; the value alone where its uncertainty is 0, which means unknown."""
    return f"{number(value)} ± {error:.1g}" if error else number(value)


def duration(seconds: float | None) -> str:
    """`45s`, `2m03s`, `1h02m`; a dash for what was not measured, or is no number."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def shorten(name: str, longest: int) -> str:
    """At most `longest` characters of a name, its beginning and its end."""
    if len(name) <= longest:
        return name
    head = (longest - 2) // 2
    return f"{name[:head]}..{name[len(name) - (longest - 2 - head) :]}"


def wrapped(name: str, longest: int) -> str:
    """The whole name in lines of at most `longest` characters, broken behind `_`, commas and spaces."""
    lines = [""]
    for piece in re.findall(r"[^_,\s]+[_,\s]*|[_,\s]+", name):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > longest:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > longest:
            lines[-1:] = [lines[-1][:longest], lines[-1][longest:]]
    return "\n".join(line.rstrip() for line in lines)


def aligned(lines: Sequence[Sequence[str]], right: Collection[int]) -> list[str]:
    """Lines of a table for a terminal, the first of which is underlined.

    Args:
        lines: the header and the rows, each with one text for every column.
        right: indices of the columns that are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        "  ".join(
            text.rjust(width) if index in right else text.ljust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return [padded[0], "  ".join("-" * width for width in widths), *padded[1:]]
