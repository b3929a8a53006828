"""The parts of the page of a comparison, in their order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from saddle.report.comparison import Comparison, Difference
from saddle.report.differences import ALPHA, difference_sheet, effects_sheet
from saddle.report.facts import cost_sheet, keys_sheet, protocol_sheet
from saddle.report.frames import frames_of
from saddle.report.page import Block, Plot
from saddle.report.protocol import Column
from saddle.report.results import best_sheet, results_sheet
from saddle.report.sheet import Sheet
from saddle.report.states import runs_sheet, unfinished_sheet
from saddle.report.style import MOST

MOST_ON_SIGHT = 12
"""Largest number of grids that are all shown at first; of more runs, one seed of each setting."""


def lead(comparison: Comparison, command: str) -> list[str]:
    """The beginning of the page: how many runs, and the answer in the metric that training is judged by."""
    jobs = comparison.jobs
    counted = ", ".join(f"{count} {state}" for state, count in Counter(run.status for run in jobs).items())
    lines = [f"{_count(len(jobs), 'run')} of {_count(len(comparison.settings), 'setting')}: {counted}."]
    if command:
        lines.append(f"Command: {command}")
    answers = [
        _answer(differences, comparison.baseline, column.name)
        for column in comparison.leads
        if (differences := comparison.differences.get(column.name))
    ]
    return [*lines, *dict.fromkeys(answers)]


def _answer(differences: Sequence[Difference], baseline: str, metric: str) -> str:
    tested = [one.adjusted for one in differences if one.adjusted is not None]
    if tested:
        real = sum(adjusted < ALPHA for adjusted in tested)
        words = f"{real} of {_count(len(tested), 'difference')} to {baseline} in {metric}"
        return f"{words} {'is' if real == 1 else 'are'} more than the luck of seeds (paired t test, Holm, {ALPHA:.0%})."
    if any(one.interval and one.interval.n > 1 for one in differences):
        return "The differences of the pairs do not vary over the seeds: there is nothing to judge by."
    return "No setting shares two seeds and the protocol with the baseline: these runs rank nothing; sweep over seeds."


def blocks(
    comparison: Comparison, folder: Path, values: Sequence[Plot], curves: Mapping[str, Sequence[Plot]]
) -> list[Block]:
    """The parts of the page; empty parts are left out.

    Args:
        comparison: the contents of the page.
        folder: the folder of the page.
        values: figures of the results.
        curves: column -> its figures.
    """
    parts = [
        _differences(comparison),
        _effects(comparison),
        Block(
            key="values",
            title="Results",
            sheets=(results_sheet(comparison),),
            plots=tuple(values),
            folded=(Block(key="values-0", title="Best of each run's evaluations", sheets=(best_sheet(comparison),)),),
        ),
        Block(key="what-differs", title="What differs", sheets=_keys(comparison)),
        _curves(comparison, curves),
        _samples(comparison),
        Block(key="costs", title="Cost", sheets=(cost_sheet(comparison),)),
        Block(key="failed", title="Failed and unfinished", sheets=(unfinished_sheet(comparison),)),
        Block(key="all-runs", title="Runs", sheets=(runs_sheet(comparison, folder),)),
        Block(key="measured", title="Protocols", sheets=(protocol_sheet(comparison),)),
    ]
    return [part for part in parts if part.plots or part.frames or any(sheet.rows for sheet in part.sheets)]


def table_sheets(comparison: Comparison, folder: Path) -> list[Sheet]:
    """The tables of the Markdown file."""
    sheets = [
        results_sheet(comparison),
        *_difference_sheets(comparison, comparison.leads),
        *_effect_sheets(comparison, comparison.leads),
        best_sheet(comparison),
        *_keys(comparison),
        cost_sheet(comparison),
        unfinished_sheet(comparison),
        runs_sheet(comparison, folder),
        protocol_sheet(comparison),
    ]
    return [sheet for sheet in sheets if sheet.rows]


def paper_sheets(comparison: Comparison) -> list[Sheet]:
    """The tables of the LaTeX file."""
    sheets = [
        results_sheet(comparison),
        *_difference_sheets(comparison, comparison.leads),
        *_effect_sheets(comparison, comparison.leads),
    ]
    return [sheet for sheet in sheets if sheet.rows]


def _difference_sheets(comparison: Comparison, columns: Sequence[Column]) -> tuple[Sheet, ...]:
    return tuple(difference_sheet(comparison, column) for column in columns if len(comparison.settings) > 1)


def _effect_sheets(comparison: Comparison, columns: Sequence[Column]) -> tuple[Sheet, ...]:
    return tuple(effects_sheet(comparison, column) for column in columns if column.name in comparison.effects)


def _others(comparison: Comparison) -> list[Column]:
    """The columns whose differences and curves unfold, while those of the leading ones are open."""
    return [column for column in comparison.columns if column not in comparison.leads]


def _keys(comparison: Comparison) -> tuple[Sheet, ...]:
    return (keys_sheet(comparison),) if len(comparison.settings) > 1 else ()


def _folded(key: str, sheets: tuple[Sheet, ...] = (), plots: tuple[Plot, ...] = ()) -> tuple[Block, ...]:
    """The metrics that are not on sight."""
    return (Block(key=key, title="The other metrics", sheets=sheets, plots=plots),) if sheets or plots else ()


def _differences(comparison: Comparison) -> Block:
    sheets, words = _difference_sheets(comparison, comparison.leads), ""
    if sheets:
        words = (
            f"{' and '.join(column.name for column in comparison.leads)} of each setting minus that of "
            f"{comparison.baseline}, the baseline; another one: make compare SWEEP=... BASELINE=SETTING."
        )
    return Block(
        key="differences",
        title="Is it real?",
        words=(words,) if words else (),
        sheets=sheets,
        folded=_folded("differences-0", sheets=_difference_sheets(comparison, _others(comparison))),
    )


def _effects(comparison: Comparison) -> Block:
    return Block(
        key="effects",
        title="Effect of each factor",
        sheets=_effect_sheets(comparison, comparison.leads),
        folded=_folded("effects-0", sheets=_effect_sheets(comparison, _others(comparison))),
    )


def _curves(comparison: Comparison, plots: Mapping[str, Sequence[Plot]]) -> Block:
    leads, others = (
        tuple(plot for column in columns for plot in plots.get(column.name, ()))
        for columns in (comparison.leads, _others(comparison))
    )
    words = (
        "Lines are means over the finished seeds, bands their 95% t intervals; a run that has not ended is a thin line."
    )
    if any(column.floors for column in comparison.columns):
        words += " The dashed line is the floor."
    if len(comparison.settings) > MOST:
        words += f" The baseline and the best {MOST - 1} have colours."
    seconds = f"Nominal seconds: updates times the median seconds of an update from {comparison.costs.source}."
    if len(comparison.models) > 1:
        seconds += " An update of one model is not an update of another: compare these settings at equal seconds."
    return Block(
        key="curves",
        title="Learning curves",
        words=(words, seconds),
        plots=leads,
        folded=_folded("curve-0", plots=others),
    )


def _samples(comparison: Comparison) -> Block:
    """The baseline first; where not all runs fit, one run of each setting comes before the other seeds."""
    ordered = sorted(comparison.settings, key=lambda setting: setting.name != comparison.baseline)
    firsts = [setting.runs[0] for setting in ordered]
    others = [run for setting in ordered for run in setting.runs[1:]]
    names = {run.job: setting.name for setting in ordered for run in setting.runs}
    frames = frames_of([*firsts, *others], names, MOST_ON_SIGHT)
    words = "Grids of one run are drawn from the same codes. Arrow keys move the slider."
    shown = frames if frames.strips or frames.linked else None
    return Block(key="samples", title="Samples", words=(words,), frames=shown)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
