"""A comparison in files for other programs: CSV in full numbers, Markdown."""

from collections.abc import Iterator, Sequence

from saddle.report.compared import Comparison
from saddle.report.sheet import Sheet, comma_separated, markdown
from saddle.report.statistics import Interval

HEADER = (
    *("setting", "metric", "column", "of", "n", "mean", "low", "high", "baseline"),
    *("pairs", "difference", "difference_low", "difference_high", "p", "p_holm"),
)


def table_csv(found: Comparison) -> str:
    """A line for each setting and column, with the last value and with the best; differences are of the last."""
    return comma_separated(HEADER, list(_lines(found)))


def runs_csv(found: Comparison) -> str:
    """A line for each run and column, as `summary.json` has it."""
    header = ("run", "status", "seed", "column", "last", "best", "best_updates", "updates", "seconds", "cause")
    rows: list[list[object]] = []
    for run in found.runs:
        columns = [column for column in found.columns if run.job in {one.job for one in column.runs}]
        facts = [run.updates, run.summary.get("seconds"), run.cause]
        rows += [
            [
                *(run.job, run.status, run.seed, column.name),
                *(run.results.get(column.metric, {}).get(key) for key in ("last", "best", "best_updates")),
                *facts,
            ]
            for column in columns
        ] or [[run.job, run.status, run.seed, None, None, None, None, *facts]]
    return comma_separated(header, rows)


def table_markdown(found: Comparison, sheets: Sequence[Sheet]) -> str:
    """The sheets one below the other."""
    return "\n\n".join([f"# {found.name}", *map(markdown, sheets)]) + "\n"


def _lines(found: Comparison) -> Iterator[list[object]]:
    for column in found.columns:
        differences = {one.setting: one for one in found.differences.get(column.name, [])}
        for setting in found.settings:
            for of, values in (("last", found.last), ("best", found.best)):
                interval = values.get((setting.name, column.name))
                if interval is None:
                    continue
                one = differences.get(setting.name) if of == "last" else None
                yield [
                    *(setting.name, column.metric, column.name, of, *_numbers(interval), found.baseline),
                    *(_numbers(one.interval) if one and one.interval else [None] * 4),
                    *((one.p, one.adjusted) if one else (None, None)),
                ]


def _numbers(interval: Interval) -> list[object]:
    return [interval.n, interval.mean, interval.low, interval.high]
