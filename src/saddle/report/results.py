"""Tables of numbers: results over seeds, and whether their differences are real."""

from collections.abc import Sequence

from saddle.report.comparison import Comparison, Difference
from saddle.report.effects import Effect
from saddle.report.protocol import Column
from saddle.report.settings import Setting
from saddle.report.sheet import Cell, Sheet, number_cell
from saddle.report.statistics import Interval
from saddle.report.text import number

ALPHA = 0.05
DIFFERENCE = ("pairs", "mean difference", "95% interval", "p", "p, Holm", "is it real?")
SELECTED = "Selected on the numbers it is taken from, and the more optimistic the more evaluations a run has."


def results_sheet(comparison: Comparison) -> Sheet:
    """The last values over seeds, the result of the comparison."""
    words = "Mean over the finished seeds of the value at the last evaluation, the result; below it the 95% t interval."
    after = [column.name for column in comparison.columns if not column.jobs]
    also = (f"Measured after training, on the final model: {', '.join(after)}.",) if after else ()
    floors = [
        f"{column.name} {', '.join(map(number, column.floors))}" for column in comparison.columns if column.floors
    ]
    floor = (f"What real data score against real data, the floor: {'; '.join(floors)}.",) if floors else ()
    return _over_seeds(comparison, comparison.columns, comparison.last, "results", "Results", (words, *also, *floor))


def best_sheet(comparison: Comparison) -> Sheet:
    """The best values over seeds, which are optimistic."""
    words = f"Mean over the finished seeds of the best of each run's own evaluations. {SELECTED}"
    columns = [column for column in comparison.columns if column.jobs]
    return _over_seeds(comparison, columns, comparison.best, "best", "Best of each run's evaluations", (words,))


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


def arrow(column: Column) -> str:
    """Which way is better."""
    return "↑" if column.higher else "↓"


def _over_seeds(
    comparison: Comparison,
    columns: Sequence[Column],
    values: dict[tuple[str, str], Interval],
    key: str,
    title: str,
    words: tuple[str, ...],
) -> Sheet:
    rows = [
        (
            Cell(text=setting.name),
            _seeds(setting),
            *(_interval(values.get((setting.name, column.name)), len(setting.seeds)) for column in columns),
        )
        for setting in comparison.settings
    ]
    return Sheet(
        key=key,
        title=title,
        header=("setting", "seeds", *(f"{column.name} {arrow(column)}" for column in columns)),
        rows=tuple(rows),
        numeric=frozenset(range(1, 2 + len(columns))),
        words=words,
    )


def _tests(count: int, values: str) -> str:
    if not count:
        return f"{values} No test: it takes two seeds that both sides share, and better three or more."
    return f"{values} Paired t test; p adjusted by Holm for the {count} test{'s' * (count > 1)} of this table."


def _seeds(setting: Setting) -> Cell:
    """How many seeds have finished, out of how many; two finished runs of one seed are the same numbers."""
    done, seeds = len(setting.seeds), len({run.seed for run in setting.runs})
    twice = done < sum(run.finished for run in setting.runs)
    text = str(done) if done == seeds else f"{done} of {seeds}"
    return Cell(text=text, value=done, note="a seed twice: the first counts" if twice else "")


def _interval(interval: Interval | None, seeds: int) -> Cell:
    """An interval over some of the finished `seeds` says how many of them were measured."""
    if interval is None:
        return Cell(text="-")
    count = str(interval.n) if interval.n == seeds else f"{interval.n} of {seeds}"
    return Cell(text=number(interval.mean), value=interval.mean, note=_bounds(interval, count))


def _bounds(interval: Interval, count: str) -> str:
    if interval.n == 1:
        return f"one seed{count[1:]}: no interval"
    if (bounds := interval.bounds) is None:
        return f"no interval, n = {count}"
    return f"{number(bounds[0])} to {number(bounds[1])}, n = {count}"


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
