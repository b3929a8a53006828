"""Tables of differences: of settings to the baseline, of levels to the baseline's; and whether they are real."""

from saddle.report.comparison import Comparison, Difference
from saddle.report.effects import Effect
from saddle.report.protocol import Column
from saddle.report.sheet import Cell, Sheet, number_cell
from saddle.report.text import number

ALPHA = 0.05
DIFFERENCE = ("pairs", "mean difference", "95% interval", "p", "p, Holm", "is it real?")
"""The columns of a difference."""


def difference_sheet(comparison: Comparison, column: Column) -> Sheet:
    """Each setting minus the baseline in one column."""
    differences = comparison.differences[column.name]
    tests = sum(one.p is not None for one in differences)
    seeds = {setting.name: set(setting.seeds) for setting in comparison.settings}
    shared = {one.setting: len(seeds[one.setting] & seeds[comparison.baseline]) for one in differences}
    better = "Larger" if column.higher else "Smaller"
    return Sheet(
        key=f"differences-{comparison.columns.index(column)}",
        title=f"{column.name}: difference to {comparison.baseline}",
        header=("setting", *DIFFERENCE),
        rows=tuple((Cell(text=one.setting), *_numbers(one, column, shared[one.setting])) for one in differences),
        numeric=frozenset({1, 2, 3, 4, 5}),
        words=(f"{_tests(tests, 'Last values, paired by seed.')} {better} is better.",),
    )


def effects_sheet(comparison: Comparison, column: Column) -> Sheet:
    """The effect of each factor in one column, averaged over the others."""
    effects = comparison.effects[column.name]
    better = "Larger" if column.higher else "Smaller"
    return Sheet(
        key=f"effects-{comparison.columns.index(column)}",
        title=f"{column.name}: effect of each factor, averaged over the others",
        header=("factor", "level minus reference", "cells", *DIFFERENCE),
        rows=tuple(
            (
                Cell(text=one.factor),
                Cell(text=f"{one.level} - {one.reference}"),
                Cell(text=f"{one.cells} of {one.of}", value=one.cells),
                *_numbers(one, column, None),
            )
            for one in effects
        ),
        numeric=frozenset({2, 3, 4, 5, 6, 7}),
        words=(
            "A cell is a combination of the other factors' levels. For each seed the differences are averaged over the "
            "cells; the mean, its 95% t interval and the paired t test are over the seeds that all these cells share. "
            f"{_tests(sum(one.p is not None for one in effects), 'Last values.')} {better} is better. An average can "
            "hide effects of opposite sign.",
        ),
    )


def _tests(count: int, values: str) -> str:
    if not count:
        return f"{values} No test: it takes two seeds that both sides share, and better three or more."
    return f"{values} Paired t test; p adjusted by Holm for the {count} test{'s' * (count > 1)} of this table."


def _numbers(one: Difference | Effect, column: Column, shared: int | None) -> tuple[Cell, ...]:
    """What `DIFFERENCE` names; of `shared` finished seeds that make a pair, fewer may have been measured."""
    verdict, interval = _verdict(one, column), one.interval
    if interval is None:
        return (Cell(text="0", value=0), *(Cell(text="-") for _ in range(4)), verdict)
    bounds = interval.bounds
    count = str(interval.n) if shared in (None, interval.n) else f"{interval.n} of {shared}"
    return (
        Cell(text=count, value=interval.n),
        Cell(text=f"{'+' * (interval.mean > 0)}{number(interval.mean)}", value=interval.mean),
        Cell(text=f"{number(bounds[0])} to {number(bounds[1])}", value=bounds[0]) if bounds else Cell(text="none"),
        number_cell(one.p),
        number_cell(one.adjusted),
        verdict,
    )


def _verdict(one: Difference | Effect, column: Column) -> Cell:
    """What the numbers allow us to say; a difference that was not shown may still exist."""
    if one.interval is None:
        return Cell(text="no pair", mark="dim")
    if one.interval.n == 1:
        return Cell(text="one pair: nobody can tell", mark="dim")
    if one.adjusted is None:
        return Cell(text="no spread: nothing to judge by", mark="dim")
    if one.adjusted >= ALPHA:
        return Cell(text="not shown", mark="dim")
    better = (one.interval.mean > 0) == column.higher
    return Cell(text="yes: better" if better else "yes: worse", mark="better" if better else "worse")
