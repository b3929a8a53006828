"""The evaluation of finished runs: `python src/evaluate.py [run=runs/SWEEP/JOB | sweep=runs/SWEEP] [images=N]`.

Without an argument: of every finished run of the newest sweep. Prints a table and stores the numbers, with the protocol
under which they were measured, in each run's evaluation.json.
"""

import os
import sys
from pathlib import Path

from saddle.arguments import arguments
from saddle.runs.messages import show_warnings_as_notes
from saddle.runs.sweep import find_run, finished_runs, newest_sweep
from saddle.threads import thread_variables

ARGUMENTS = {
    "run": "one finished run's folder, runs/SWEEP/JOB",
    "sweep": "a sweep's folder, runs/SWEEP; by default the newest one under runs/",
    "images": "generated images; by default what the run's own evaluation used",
}


def main(argv: list[str]) -> None:
    """Evaluate what `argv` names."""
    given = arguments(ARGUMENTS, argv, __doc__)
    if "run" in given and "sweep" in given:
        sys.exit(f"{argv[0]}: give run= or sweep=, not both")
    images = given.get("images")
    if images is not None and not (images.isdecimal() and int(images)):
        sys.exit(f"{argv[0]}: images={images} takes a whole number")
    try:
        if "run" in given:
            runs = [find_run(given["run"])]
        else:
            sweep = Path(given["sweep"]).expanduser() if "sweep" in given else newest_sweep()
            runs = finished_runs(sweep)
        os.environ |= thread_variables(side_by_side=1)  # before torch is imported
        from saddle.evaluation import evaluate_run, evaluation_table

        show_warnings_as_notes()

        results = {}
        for run in runs:
            print(f"evaluating {run.path} ...", file=sys.stderr, flush=True)
            results[run.job] = evaluate_run(run, images=None if images is None else int(images))
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"{argv[0]}: {error}")
    print(evaluation_table(results))
    print(f"stored in {', '.join(str(run.evaluation) for run in runs)}")


if __name__ == "__main__":
    main(sys.argv)
