"""A comparison in files for other programs: CSV with all digits, Markdown."""

from collections.abc import Iterator, Sequence

from saddle.report.comparison import Comparison
from saddle.report.sheet import Sheet, comma_separated, markdown
from saddle.report.statistics import Interval

HEADER = (
    *("setting", "metric", "column", "of", "n", "mean", "low", "high", "baseline"),
    *("pairs", "difference", "difference_low", "difference_high", "p", "p_holm"),
)


def table_csv(comparison: Comparison) -> str:
    """A line for each setting and column, with the last value and with the best; differences are of the last."""
    return comma_separated(HEADER, list(_lines(comparison)))


def effects_csv(comparison: Comparison) -> str:
    """A line for each column and each level of a factor; only a header if the design crosses no factors."""
    header = ("column", "factor", "level", "reference", "cells", "cells_of_reference", "n", "difference")
    rows = [
        [
            *(column, one.factor, one.level, one.reference, one.cells, one.of),
            *(_numbers(one.interval) if one.interval else [0, None, None, None]),
            *(one.p, one.adjusted),
        ]
        for column, effects in comparison.effects.items()
        for one in effects
    ]
    return comma_separated((*header, "difference_low", "difference_high", "p", "p_holm"), rows)


def runs_csv(comparison: Comparison) -> str:
    """A line for each run and column, with the values of `summary.json`."""
    header = ("run", "status", "seed", "column", "last", "best", "best_updates", "updates", "seconds", "cause")
    rows: list[list[object]] = []
    for run in comparison.jobs:
        facts = [run.updates, run.seconds, run.cause]
        rows += [
            [
                *(run.job, run.status, run.seed, column.name),
                *(column.results.get(run.job, {}).get(key) for key in ("last", "best", "best_updates")),
                *facts,
            ]
            for column in comparison.columns
            if run.job in column.jobs or run.job in column.results
        ] or [[run.job, run.status, run.seed, None, None, None, None, *facts]]
    return comma_separated(header, rows)


def table_markdown(comparison: Comparison, sheets: Sequence[Sheet]) -> str:
    """The sheets one below the other."""
    return "\n\n".join([f"# {comparison.name}", *map(markdown, sheets)]) + "\n"


def _lines(comparison: Comparison) -> Iterator[list[object]]:
    for column in comparison.columns:
        differences = {one.setting: one for one in comparison.differences.get(column.name, [])}
        for setting in comparison.settings:
            for which, values in (("last", comparison.last), ("best", comparison.best)):
                interval = values.get((setting.name, column.name))
                if interval is None:
                    continue
                one = differences.get(setting.name) if which == "last" else None
                yield [
                    *(setting.name, column.metric, column.name, which, *_numbers(interval), comparison.baseline),
                    *(_numbers(one.interval) if one and one.interval else [None] * 4),
                    *((one.p, one.adjusted) if one else (None, None)),
                ]


def _numbers(interval: Interval) -> list[object]:
    return [interval.n, interval.mean, interval.low, interval.high]
