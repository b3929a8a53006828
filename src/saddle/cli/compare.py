"""`saddle compare [sweep=runs/NAME]`: compare the runs of a sweep. Prints a table and writes a page."""

import sys
from pathlib import Path

from saddle.cli.arguments import arguments
from saddle.report.closing import difference_text, page_line
from saddle.report.comparison import read_comparison
from saddle.report.files import write_comparison
from saddle.report.names import read_names
from saddle.report.table import terminal
from saddle.runs.commands import typed
from saddle.runs.messages import show_warnings_as_notes
from saddle.runs.sweep import find_run, newest_sweep, runs_of

ARGUMENTS = {
    "sweep": "folder of a sweep, runs/NAME; by default the newest one under runs/",
    "run": "folder of one run, runs/NAME/JOB, instead of a sweep",
    "baseline": "the setting, or one of its jobs, that the others are compared with; by default the first",
    "names": "names to show: SETTING=NAME,SETTING=NAME, or a file with one pair in each line; parts work: loss-f_kl=KL",
}


def main(argv: list[str]) -> None:
    """Compare the runs that `argv` names."""
    values = arguments(ARGUMENTS, argv, __doc__ or "", typed("compare"))
    show_warnings_as_notes()  # a font may lack a character of a name
    if "sweep" in values and "run" in values:
        sys.exit("error: give sweep= or run=, not both")
    try:
        if "run" in values:
            runs = [find_run(values["run"])]
            folder = runs[0].path
        else:
            folder = Path(values["sweep"]).expanduser() if "sweep" in values else newest_sweep()
            runs = runs_of(folder)
        comparison = read_comparison(folder, runs, None, values.get("baseline"), read_names(values.get("names", "")))
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{folder}\n\n{terminal(comparison.runs)}\n")
    for run in (run for run in comparison.runs if run.cause and run.status in ("failed", "unreadable", "finished")):
        print(f"{run.job} {run.status}: {run.cause}\n")
    if differences := difference_text(comparison):
        print(differences)
    print(page_line(write_comparison(folder, comparison)))
