"""New samples of a finished run: `python src/sample.py run=runs/SWEEP/JOB count=64 out=samples`."""

import os
import sys
from pathlib import Path

from saddle.arguments import arguments
from saddle.runs.folder import RunFolder
from saddle.runs.messages import without_weights
from saddle.runs.sweep import find_run
from saddle.stored import stored_classes
from saddle.threads import thread_variables

ARGUMENTS = {
    "run": "a finished run's folder, runs/SWEEP/JOB",
    "count": "how many samples (64)",
    "label": "the class of all samples, by name or by number from 0 on; by default as often as in the training set",
    "seed": "of the codes (the run's own seed; sample i of a seed is always the same)",
    "out": "folder for 00000.png, 00001.png, ... (samples/ of the current directory); a grid of them lies beside it",
}


def main(argv: list[str]) -> None:
    """Draw what `argv` asks for."""
    given = arguments(ARGUMENTS, argv, __doc__)
    if "run" not in given:
        sys.exit("error: run=runs/SWEEP/JOB is missing; --help says more")
    count, seed = (_whole(key, given[key]) if key in given else None for key in ("count", "seed"))
    out = Path(given.get("out", "samples")).expanduser()
    try:
        run = find_run(given["run"])
        _require(run, out)  # importing torch takes longer than a refusal may
        label = stored_classes(run).label(given["label"]) if "label" in given else None
        os.environ |= thread_variables(side_by_side=1)  # before torch is imported
        from saddle.sampling import grid_of, write_samples

        write_samples(run, count=count or 64, seed=seed, label=label, out=out)
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{count or 64:,} samples of {run.path} are in {out}/; the first of them together: {grid_of(out)}")


def _require(run: RunFolder, out: Path) -> None:
    if not run.weights.is_file():
        raise LookupError(without_weights(run))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"out={out} is not an empty folder: samples of two calls would be mixed; choose another")


def _whole(key: str, text: str) -> int:
    if not text.isdecimal() or (key == "count" and int(text) == 0):
        sys.exit(f"error: {key}={text} takes a whole number{' above 0' * (key == 'count')}")
    return int(text)


if __name__ == "__main__":
    main(sys.argv)
