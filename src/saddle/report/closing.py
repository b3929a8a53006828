"""What a sweep and a comparison print at their end."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from saddle.report.comparison import Comparison
from saddle.report.differences import difference_sheet, effects_sheet
from saddle.report.files import FOLDER, PAGE
from saddle.report.run import RunRecord
from saddle.report.sheet import Sheet, plain
from saddle.runs.commands import in_checkout, typed

OFFLINE = "W&B offline:"
"""Begins the line of a run that is on disk only."""


def difference_text(comparison: Comparison) -> str:
    """Differences to the baseline and effects of factors, in each leading column in which two seeds make pairs."""
    sheets: list[Sheet] = []
    for column in comparison.leads:
        if any(one.interval and one.interval.n > 1 for one in comparison.differences.get(column.name, [])):
            sheets.append(difference_sheet(comparison, column))
            sheets += [effects_sheet(comparison, column)] if column.name in comparison.effects else []
    return "\n\n".join(map(plain, sheets)) + "\n" if sheets else ""


def closing_words(folder: Path, runs: Sequence[RunRecord]) -> str:
    """Where the results are and what can be done next; the last line names the page, if there is one."""
    lines = ["Where things are"]
    lines.append(f"  each run      {folder / '<job>'}/")
    lines += [
        f"  {'' if index else 'W&B':12}  {line.removeprefix('W&B').lstrip(': ')}"
        for index, line in enumerate(_wandb_lines(folder, runs))
    ]
    finished = [run for run in runs if run.status == "finished"]
    lines.append("What to do next")
    if finished:
        if any(run.of_images for run in finished):
            again = in_checkout("make fid", "saddle evaluate")
            lines.append(f"  {again:<12}  the finished runs measured again, all numbers in one table")
        lines.append(f"  {in_checkout('make compare', 'saddle compare')}  the comparison again")
        lines.append(f"  {typed('sample')} run={shlex.quote(str(finished[-1].folder))}   new samples")
    states = {run.status for run in runs}
    if states - {"finished", "failed"}:
        others = " or failed" if "failed" in states else ""
        lines.append(f"  the same command again: jobs that finished{others} are skipped, the others go on or begin")
    if "failed" in states:
        lines.append("  the same command with sweep.retry_failed=true: what failed is repeated from its last state;")
        lines.append("  a run that diverged would diverge again: it needs other settings")
    if any(run.lines for run in runs):
        lines += ["", page_line(folder / FOLDER / PAGE)]
    return "\n".join(lines)


def page_line(page: Path) -> str:
    """The last line that a sweep and a comparison print."""
    return f"comparison: {page}"


def _wandb_lines(folder: Path, runs: Sequence[RunRecord]) -> list[str]:
    """The runs' lines about W&B, each once; several offline runs are uploaded by one command."""
    lines = list(dict.fromkeys(run.summary["wandb"] for run in runs if run.summary.get("wandb")))
    offline = [line for line in lines if line.startswith(OFFLINE)]
    if len(offline) < 2:
        return lines
    every = f"{OFFLINE} wandb sync {shlex.quote(str(folder))}/*/wandb/offline-run-*"
    return [every, *(line for line in lines if line not in offline)]
