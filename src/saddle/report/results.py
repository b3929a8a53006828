"""Tables of numbers: results over seeds, and whether their differences are real."""

from saddle.report.compared import Comparison, Difference
from saddle.report.protocol import Column
from saddle.report.settings import Setting
from saddle.report.sheet import Cell, Sheet
from saddle.report.statistics import Interval
from saddle.report.text import number

ALPHA = 0.05
SELECTED = "Selected on the numbers it is taken from, and the more optimistic the more evaluations a run has."


def results_sheet(found: Comparison, of: str) -> Sheet:
    """The `last` or the `best` values over seeds."""
    values = found.last if of == "last" else found.best
    last = of == "last"
    words = "Mean over the finished seeds of the value at the last evaluation, the result; below it the 95% t interval."
    of_best = f"Mean over the finished seeds of the best of each run's own evaluations. {SELECTED}"
    return Sheet(
        key="results" if last else "best",
        title="Results" if last else "Best of each run's evaluations",
        header=("setting", "seeds", *(f"{column.name} {arrow(column)}" for column in found.columns)),
        rows=tuple(
            (
                Cell(text=setting.name),
                _seeds(setting),
                *(_interval(values.get((setting.name, column.name))) for column in found.columns),
            )
            for setting in found.settings
        ),
        numeric=frozenset(range(1, 2 + len(found.columns))),
        words=(words, *_floors(found)) if last else (of_best,),
    )


def difference_sheet(found: Comparison, column: Column) -> Sheet:
    """Each setting minus the baseline in one column."""
    differences = found.differences[column.name]
    tests = sum(one.p is not None for one in differences)
    return Sheet(
        key=f"differences-{found.columns.index(column)}",
        title=f"{column.name}: difference to {found.baseline}",
        header=("setting", "pairs", "mean difference", "95% interval", "p", "p, Holm", "is it real?"),
        rows=tuple(_difference(one, column) for one in differences),
        numeric=frozenset({1, 2, 3, 4, 5}),
        words=(f"Last values, paired by seed. {_tests(tests)} {'Larger' if column.higher else 'Smaller'} is better.",),
    )


def arrow(column: Column) -> str:
    """Which way is better."""
    return "↑" if column.higher else "↓"


def _tests(many: int) -> str:
    if not many:
        return "No test: it takes two seeds that a setting shares with the baseline, and better three or more."
    return f"Paired t test; p adjusted by Holm for the {many} test{'s' * (many > 1)} of this table."


def _floors(found: Comparison) -> tuple[str, ...]:
    floors = [f"{column.name} {', '.join(map(number, column.floors))}" for column in found.columns if column.floors]
    return (f"What real data score against real data, the floor: {'; '.join(floors)}.",) if floors else ()


def _seeds(setting: Setting) -> Cell:
    """How many seeds have finished, of how many; two finished runs of one seed are the same numbers."""
    done, all_of = len(setting.seeds), len({run.seed for run in setting.runs})
    twice = done < sum(run.finished for run in setting.runs)
    text = str(done) if done == all_of else f"{done} of {all_of}"
    return Cell(text=text, value=done, note="a seed twice: the first counts" if twice else "")


def _interval(interval: Interval | None) -> Cell:
    if interval is None:
        return Cell(text="-")
    return Cell(text=number(interval.mean), value=interval.mean, note=_bounds(interval))


def _bounds(interval: Interval) -> str:
    if interval.n == 1:
        return "one seed: no interval"
    if (bounds := interval.bounds) is None:
        return f"no interval, n = {interval.n}"
    return f"{number(bounds[0])} to {number(bounds[1])}, n = {interval.n}"


def _difference(one: Difference, column: Column) -> tuple[Cell, ...]:
    interval = one.interval
    if interval is None:
        return (
            Cell(text=one.setting),
            Cell(text="0", value=0),
            *(Cell(text="-") for _ in range(4)),
            _verdict(one, column),
        )
    bounds = interval.bounds
    return (
        Cell(text=one.setting),
        Cell(text=str(interval.n), value=interval.n),
        Cell(text=f"{'+' * (interval.mean > 0)}{number(interval.mean)}", value=interval.mean),
        Cell(
            text=f"{number(bounds[0])} to {number(bounds[1])}" if bounds else "none",
            value=bounds[0] if bounds else None,
        ),
        Cell(text=number(one.p), value=one.p),
        Cell(text=number(one.adjusted), value=one.adjusted),
        _verdict(one, column),
    )


def _verdict(one: Difference, column: Column) -> Cell:
    """What the numbers allow to say: that a difference was not shown does not show that there is none."""
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
