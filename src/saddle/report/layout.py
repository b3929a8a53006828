"""What stands on the page of a comparison, and in which order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from saddle.report.compared import Comparison, Difference
from saddle.report.curves_figure import MOST
from saddle.report.facts import cost_sheet, keys_sheet, protocol_sheet
from saddle.report.frames import frames_of
from saddle.report.page import Block, Plot
from saddle.report.results import ALPHA, difference_sheet, results_sheet
from saddle.report.sheet import Sheet
from saddle.report.states import runs_sheet, unfinished_sheet

ON_SIGHT = 1
"""Metrics whose differences and curves are open; those of the others unfold."""

MOST_ON_SIGHT = 12
"""Grids that are all open; of more runs, those of the other seeds unfold."""


def lead(found: Comparison, command: str) -> list[str]:
    """The beginning: how many of what, and the answer in what training was judged by."""
    states = Counter(run.status for run in found.runs)
    counted = ", ".join(f"{count} {state}" for state, count in states.items())
    lines = [f"{_count(len(found.runs), 'run')} of {_count(len(found.settings), 'setting')}: {counted}."]
    if command:
        lines.append(f"Command: {command}")
    differences = found.differences.get(found.columns[0].name, []) if found.columns else []
    if differences:
        lines.append(_answer(differences, found.baseline, found.columns[0].name))
    return lines


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
    found: Comparison, folder: Path, values: Sequence[Plot], curves: Mapping[str, Sequence[Plot]]
) -> list[Block]:
    """The parts of the page, those with nothing in them left out.

    Args:
        found: what it is about.
        folder: where the page lies.
        values: figures of the results.
        curves: column -> figures of it.
    """
    tables = [(column, difference_sheet(found, column)) for column in found.columns if len(found.settings) > 1]
    first, others = tables[:ON_SIGHT], tables[ON_SIGHT:]
    minus = (
        f"{found.columns[0].name} of each setting minus that of {found.baseline}, the baseline; another one: "
        "make compare SWEEP=... BASELINE=SETTING."
        if first
        else ""
    )
    parts = [
        _block(
            "differences", "Is it real?", [one for _, one in first], _rest([sheet for _, sheet in others], []), minus
        ),
        _block(
            "values",
            "Results",
            [results_sheet(found, "last")],
            [("Best of each run's evaluations", [results_sheet(found, "best")], [])],
            plots=values,
        ),
        _block("what-differs", "What differs", [keys_sheet(found)] if len(found.settings) > 1 else [], []),
        _curves(found, curves),
        _samples(found),
        _block("costs", "Cost", [cost_sheet(found)], []),
        _block("failed", "Failed and unfinished", [unfinished_sheet(found)], []),
        _block("all-runs", "Runs", [runs_sheet(found, folder)], []),
        _block("measured", "Protocols", [protocol_sheet(found)], []),
    ]
    return [part for part in parts if part.plots or part.frames or any(sheet.rows for sheet in part.sheets)]


def table_sheets(found: Comparison, folder: Path) -> list[Sheet]:
    """What the Markdown file holds."""
    several = len(found.settings) > 1
    sheets = [
        results_sheet(found, "last"),
        *([difference_sheet(found, column) for column in found.columns[:ON_SIGHT]] if several else []),
        results_sheet(found, "best"),
        *([keys_sheet(found)] if several else []),
        cost_sheet(found),
        unfinished_sheet(found),
        runs_sheet(found, folder),
        protocol_sheet(found),
    ]
    return [sheet for sheet in sheets if sheet.rows]


def _block(
    key: str,
    title: str,
    sheets: list[Sheet],
    folded: list[tuple[str, list[Sheet], list[Plot]]],
    words: str = "",
    plots: Sequence[Plot] = (),
) -> Block:
    parts = tuple(
        Block(key=f"{key}-{place}", title=name, words=(), sheets=tuple(own), plots=tuple(drawn))
        for place, (name, own, drawn) in enumerate(folded)
    )
    said = (words,) if words else ()
    return Block(key=key, title=title, words=said, sheets=tuple(sheets), plots=tuple(plots), folded=parts)


def _rest(sheets: list[Sheet], plots: list[Plot]) -> list[tuple[str, list[Sheet], list[Plot]]]:
    return [("The other metrics", sheets, plots)] if sheets or plots else []


def _curves(found: Comparison, plots: Mapping[str, Sequence[Plot]]) -> Block:
    shown = [column.name for column in found.columns if plots.get(column.name)]
    rest = [plot for name in shown[ON_SIGHT:] for plot in plots[name]]
    words = (
        "Lines are means over the finished seeds, bands their 95% t intervals; a run that has not ended is a thin line."
    )
    others = f" The baseline and the best {MOST - 1} have colours." if len(found.settings) > MOST else ""
    floors = " The dashed line is the floor." if any(column.floors for column in found.columns) else ""
    seconds = f"Nominal seconds: updates times the median seconds of an update from {found.costs.source}."
    if len(found.models) > 1:
        seconds += " An update of one model is not an update of another: compare these settings at equal seconds."
    folded = _block("curve", "", [], _rest([], rest)).folded
    first = tuple(plot for name in shown[:ON_SIGHT] for plot in plots[name])
    return Block(
        key="curves",
        title="Learning curves",
        words=(words + floors + others, seconds),
        sheets=(),
        plots=first,
        folded=folded,
    )


def _samples(found: Comparison) -> Block:
    """The baseline first, then one run of each setting, then the other seeds."""
    ordered = sorted(found.settings, key=lambda setting: setting.name != found.baseline)
    firsts = [setting.runs[0] for setting in ordered]
    others = [run for setting in ordered for run in setting.runs[1:]]
    folded = others if len(firsts) + len(others) > MOST_ON_SIGHT else []
    frames = frames_of([*firsts, *others], folded)
    words = "Grids of one run are drawn from the same codes. Arrow keys move the slider."
    shown = frames if frames.strips or frames.linked else None
    return Block(key="samples", title="Samples", words=(words,), sheets=(), plots=(), frames=shown)


def _count(many: int, what: str) -> str:
    return f"{many} {what}{'s' * (many != 1)}"
