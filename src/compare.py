"""The comparison of a sweep: `python src/compare.py [sweep=runs/NAME]`. Prints the table, writes table and picture."""

import sys
from pathlib import Path

from saddle.arguments import arguments
from saddle.report.comparison import FIGURE, TABLE, write_comparison
from saddle.report.rows import read_rows
from saddle.report.table import terminal
from saddle.runs.sweep import find_run, newest_sweep, runs_of

ARGUMENTS = {
    "sweep": "a sweep's folder, runs/NAME; by default the newest one under runs/",
    "run": "one run's folder, runs/NAME/JOB, instead of a sweep",
}


def main(argv: list[str]) -> None:
    """Compare what `argv` names."""
    given = arguments(ARGUMENTS, argv, __doc__)
    if len(given) > 1:
        sys.exit("error: give sweep= or run=, not both")
    try:
        if "run" in given:
            runs = [find_run(given["run"])]
            folder = runs[0].path
        else:
            folder = Path(given["sweep"]).expanduser() if "sweep" in given else newest_sweep()
            runs = runs_of(folder)
        rows = read_rows(runs)
    except (LookupError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"{folder}\n\n{terminal(rows)}\n")
    write_comparison(folder, rows)
    print(f"Written: {folder / FIGURE}, {folder / TABLE}")


if __name__ == "__main__":
    main(sys.argv)
