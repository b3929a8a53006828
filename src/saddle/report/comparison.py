"""A comparison on disk, `comparison.md` and `comparison.png` beside the runs, and what to do with it."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from saddle.report.rows import Row
from saddle.report.table import markdown
from saddle.runs.folder import replace_file

TABLE = "comparison.md"
FIGURE = "comparison.png"


def write_comparison(folder: Path, rows: Sequence[Row]) -> None:
    """Write the table and the picture of `rows` into `folder`."""
    from saddle.report.figure import draw  # matplotlib: about a second that a start should not cost

    picture = draw(rows)
    replace_file(folder / FIGURE, lambda file: picture.savefig(file, format="png"))
    text = f"# {folder.resolve().name}\n\n{markdown(rows, folder)}\n\n![Metric, losses and last grids]({FIGURE})\n"
    replace_file(folder / TABLE, lambda file: file.write(text.encode()))


def closing_words(folder: Path, rows: Sequence[Row]) -> str:
    """Where things are and what can be done next, for the terminal."""
    lines = ["Where things are"]
    if any(row.metrics for row in rows):
        lines.append(f"  comparison    {folder / FIGURE}, {folder / TABLE}")
    lines.append(f"  each run      {folder / '<job>'}/")
    lines += [
        f"  {'W&B' if place == 0 else '':12}  {line.removeprefix('W&B').lstrip(': ')}"
        for place, line in enumerate(_distinct(row.wandb for row in rows))
    ]
    finished = [row for row in rows if row.status == "finished"]
    lines.append("What to do next")
    if finished:
        if any(row.of_images for row in finished):
            lines.append("  make fid      the finished runs measured again, all numbers in one table")
        lines.append("  make compare  the comparison again")
        lines.append(f"  python src/sample.py run={shlex.quote(str(finished[-1].folder))}   new samples")
    states = {row.status for row in rows}
    if states - {"finished", "failed"}:
        others = " or failed" if "failed" in states else ""
        lines.append(f"  the same command again: jobs that finished{others} are skipped, the others go on or begin")
    if "failed" in states:
        lines.append("  the same command with sweep.retry_failed=true: what failed is repeated from its last state;")
        lines.append("  a run that diverged would diverge again: it needs other settings")
    return "\n".join(lines)


def _distinct(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(line for line in lines if line))
