"""The effect of directions of the code, and their association with known factors, as a table and plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from torch import Tensor

from saddle.samples.codes.association import association, factor_direction
from saddle.samples.codes.directions import Directions
from saddle.samples.codes.subject import Subject

READ = 4_000
"""Number of samples whose factors are read."""
TELLING = 0.2
"""Smallest association at which a direction is labelled with a factor."""
FIRST, CELL = 13, 7
"""Widths of columns."""


@dataclass(frozen=True)
class Factors:
    """Associations of the samples' factors with directions of the code; empty if no factors are known.

    Attributes:
        table: factor -> its association with each direction, [directions].
        any_direction: factor -> the largest association of any direction of the code.
        numbers: factors that are numbers; the others are categories, whose associations have no sign.
    """

    table: dict[str, Tensor]
    any_direction: dict[str, float]
    numbers: frozenset[str]

    @classmethod
    def of(cls, subject: Subject, directions: Directions) -> "Factors":
        """The associations over READ samples."""
        if subject.reader is None:
            return cls({}, {}, frozenset())
        codes, readings = subject.readings(READ)
        coordinates = codes @ directions.vectors.T  # [READ, directions]
        table = {name: association(coordinates, values) for name, values in readings.items()}
        best = {name: factor_direction(codes, values).association for name, values in readings.items()}
        return cls(table, best, frozenset(name for name, values in readings.items() if values.is_floating_point()))

    def text(self, name: str, number: int) -> str:
        """The association of a factor with a direction, as text."""
        value = float(self.table[name][number])
        return f"{value:+.2f}" if name in self.numbers else f"{value:.2f}"

    def strongest(self, number: int) -> str:
        """The factor with the strongest association with a direction; empty if there is none above TELLING."""
        if not self.table:
            return ""
        name = max(self.table, key=lambda factor: abs(float(self.table[factor][number])))
        telling = abs(float(self.table[name][number])) >= TELLING
        return f"{name} {self.text(name, number)}" if telling else ""


def words(names: Sequence[str], directions: Directions, factors: Factors, rows: int) -> str:
    """A table with the first `rows` directions as columns: their effect and their associations."""
    heads = [name.split()[-1] for name in names]
    shown = range(min(rows, len(names)))
    lines = [
        _line("", [heads[number] for number in shown]),
        _line("change", [f"{float(directions.change[number]):.3f}" for number in shown]),
        _line("share", [f"{float(directions.share[number]):.1%}" for number in shown]),
    ]
    notes = ["change: root mean square of dx/ds over the numbers of x, s the coordinate; share: of its square"]
    if factors.table:
        lines[0] += f"{'strongest of all':>20}{'any direction':>16}"
        chance = sqrt(len(names) / READ)
        for name, values in factors.table.items():
            top = int(values.abs().argmax())
            strongest = f"{heads[top]}: {factors.text(name, top)}"
            cells = [factors.text(name, number) for number in shown]
            lines.append(f"{_line(name, cells)}{strongest:>20}{factors.any_direction[name]:>16.2f}")
        notes += [
            f"factors: correlation with the coordinate, of categories the correlation ratio; {READ:,} samples",
            f"any direction: the largest of all directions of the code, by chance alone {chance:.2f}",
        ]
    return "\n".join([*lines, *notes])


def values(names: Sequence[str], directions: Directions, factors: Factors) -> dict[str, Any]:
    """All directions as plain values."""
    rows = zip(names, directions.change.tolist(), directions.share.tolist(), directions.vectors.tolist(), strict=True)
    return {
        "directions": [
            {
                "name": name,
                "change": change,
                "share": share,
                "vector": vector,
                "associations": {factor: float(column[number]) for factor, column in factors.table.items()},
            }
            for number, (name, change, share, vector) in enumerate(rows)
        ],
        "any_direction": factors.any_direction,
    }


def _line(first: str, cells: Sequence[str]) -> str:
    return f"{first:<{FIRST}}" + "".join(f"{cell:>{CELL}}" for cell in cells)
