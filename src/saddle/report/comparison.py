"""A comparison on disk, the folder `compare/` beside the runs, and what to do with it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.report.compared import Comparison, compare
from saddle.report.results import difference_sheet
from saddle.report.rows import Row
from saddle.report.run import read_run
from saddle.report.sheet import plain
from saddle.runs.commands import in_checkout, typed
from saddle.runs.folder import RunFolder, replace_file
from saddle.runs.sweep import jobs_of, read_sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "compare"
PAGE = "index.html"
FIGURES = "figures"
OFFLINE = "W&B offline:"
"""Begins the line of a run that is on disk only."""
MOST_OVERVIEW = 16
"""Runs that the overview has room for."""


def read_comparison(
    folder: Path, runs: Sequence[RunFolder], states: Mapping[str, str] | None, baseline: str | None
) -> Comparison:
    """What `runs` come to, jobs of the sweep that have no folder yet among them.

    Args:
        folder: of the sweep, or of the one run.
        runs: in it.
        states: how jobs ended as their launcher saw it, see `read_rows`.
        baseline: see `compare`.

    Raises:
        LookupError: there is no such baseline.
    """
    jobs = {name: job.get("overrides", []) for name, job in jobs_of(folder).items()}
    missing = [RunFolder(folder / name) for name in jobs if name not in {run.job for run in runs}]
    found = [
        read_run(run, state=(states or {}).get(run.job), overrides=jobs.get(run.job, ())) for run in (*runs, *missing)
    ]
    return compare(folder.resolve().name, found, baseline)


def write_comparison(folder: Path, found: Comparison, rows: Sequence[Row]) -> Path:
    """Write page, tables and figures into `folder`/compare; the page's path."""
    from saddle.report import export, layout  # matplotlib: about a second that a start should not cost
    from saddle.report.figure import draw
    from saddle.report.figures import dots, figures, svg
    from saddle.report.page import Plot, page

    place = folder / FOLDER
    curves: dict[str, list[Plot]] = {}
    values: list[Plot] = []
    drawn = [(values, f"values-{_file_name(column.name)}", figure, alt) for column, figure, alt in dots(found)]
    for column, key, figure, alt in figures(found):
        drawn.append((curves.setdefault(column.name, []), f"curves-{_file_name(column.name)}-{key}", figure, alt))
    for plots, name, figure, alt in drawn:
        plots.append(Plot(svg=svg(figure), alt=alt, key=name))
        _write(place / FIGURES / f"{name}.svg", plots[-1].svg)
        _picture(place / FIGURES / f"{name}.png", figure)
    if len(rows) <= MOST_OVERVIEW:
        _picture(place / FIGURES / "overview.png", draw(rows, losses=len(found.models) < 2))
    _write(place / "table.csv", export.table_csv(found))
    _write(place / "runs.csv", export.runs_csv(found))
    _write(place / "table.md", export.table_markdown(found, layout.table_sheets(found, place)))
    lead = layout.lead(found, str(read_sweep(folder).get("command", "")))
    _write(place / PAGE, page(found.name, lead, layout.blocks(found, place, values, curves)))
    return place / PAGE


def over_seeds(found: Comparison) -> str:
    """The differences to the baseline in the first column, for the terminal; nothing where no pair has two seeds."""
    for column in found.columns[:1]:
        if any(one.interval and one.interval.n > 1 for one in found.differences.get(column.name, [])):
            return plain(difference_sheet(found, column)) + "\n"
    return ""


def closing_words(folder: Path, rows: Sequence[Row]) -> str:
    """Where things are and what can be done next, for the terminal; the last line names the page, if there is one."""
    lines = ["Where things are"]
    lines.append(f"  each run      {folder / '<job>'}/")
    lines += [
        f"  {'W&B' if place == 0 else '':12}  {line.removeprefix('W&B').lstrip(': ')}"
        for place, line in enumerate(_of_wandb(folder, rows))
    ]
    finished = [row for row in rows if row.status == "finished"]
    lines.append("What to do next")
    if finished:
        if any(row.of_images for row in finished):
            again = in_checkout("make fid", "saddle evaluate")
            lines.append(f"  {again:<12}  the finished runs measured again, all numbers in one table")
        lines.append(f"  {in_checkout('make compare', 'saddle compare')}  the comparison again")
        lines.append(f"  {typed('sample')} run={shlex.quote(str(finished[-1].folder))}   new samples")
    states = {row.status for row in rows}
    if states - {"finished", "failed"}:
        others = " or failed" if "failed" in states else ""
        lines.append(f"  the same command again: jobs that finished{others} are skipped, the others go on or begin")
    if "failed" in states:
        lines.append("  the same command with sweep.retry_failed=true: what failed is repeated from its last state;")
        lines.append("  a run that diverged would diverge again: it needs other settings")
    if any(row.metrics for row in rows):
        lines += ["", page_line(folder / FOLDER / PAGE)]
    return "\n".join(lines)


def page_line(page: Path) -> str:
    """The last line of what a sweep and of what a comparison prints."""
    return f"comparison: {page}"


def _write(path: Path, text: str) -> None:
    replace_file(path, lambda file: file.write(text.encode()))


def _picture(path: Path, figure: "Figure") -> None:
    replace_file(path, lambda file: figure.savefig(file, format="png"))


def _file_name(column: str) -> str:
    """`fd_faces-A` for the column `fd_faces (A)`."""
    return column.replace(" (", "-").replace(")", "")


def _of_wandb(folder: Path, rows: Sequence[Row]) -> list[str]:
    """What the runs say of W&B, each line once; several that are offline are uploaded together."""
    lines = list(dict.fromkeys(row.wandb for row in rows if row.wandb))
    offline = [line for line in lines if line.startswith(OFFLINE)]
    if len(offline) < 2:
        return lines
    every = f"{OFFLINE} wandb sync {shlex.quote(str(folder))}/*/wandb/offline-run-*"
    return [every, *(line for line in lines if line not in offline)]
