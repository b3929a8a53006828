"""Tables of results over seeds."""

from collections.abc import Sequence

from saddle.report.comparison import Comparison
from saddle.report.protocol import Column
from saddle.report.settings import Setting
from saddle.report.sheet import Cell, Sheet
from saddle.report.statistics import Interval
from saddle.report.text import number

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
