"""`saddle evaluate [run=runs/SWEEP/JOB | sweep=runs/SWEEP | generated=DIR reference=DIR]`: measure finished runs.

Without an argument it evaluates every finished run of the newest sweep with the run's own extractor and Inception
(FID). It prints tables and stores the numbers, with the protocol under which they were measured, in each run's
evaluation.json, and the training images nearest to its samples in nearest.png. With generated= and reference= it
compares two folders (or npz files) of images.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.cli.arguments import arguments, whole_number
from saddle.config.keys import groups
from saddle.config.messages import listing, meant, nearest
from saddle.processes.threads import thread_variables
from saddle.runs.commands import in_checkout, typed
from saddle.runs.folder import RunFolder, write_json
from saddle.runs.messages import not_finished, require_weights, show_warnings_as_notes, shown, without_weights
from saddle.runs.summary import of_images
from saddle.runs.sweep import find_run, finished_runs, newest_sweep
from saddle.runs.weights import LAST
from saddle.samples.outputs import require_writable

if TYPE_CHECKING:
    from saddle.evaluation.extra_extractors import ExtraExtractors

ARGUMENTS = {
    "run": "folder of one run, runs/SWEEP/JOB",
    "sweep": "folder of a sweep, runs/SWEEP; by default the newest one under runs/",
    "state": "whose weights: last, best (by the main metric), or the updates of a kept state (keep=)",
    "images": "number of generated images, and of real ones; by default as in the run's own evaluation",
    "fresh": "true repeats evaluations that are stored already",
    "generated": "a folder of generated images, or an npz file (arr_0), from anywhere",
    "reference": "the folder, or npz file, of real images that they are compared with",
    "resolution": "crop and resize the images of both folders; by default they are taken as they are",
    "corrupt": "skip leaves out files that cannot be decoded; by default (refuse) they are named in an error",
    "out": "JSON file for the numbers of two folders and their protocol",
    "extractor": "extractors in addition to the run's own: names separated by commas, or none; by default inception",
    "extractor.weights": "file with the weights of that extractor",
}
NO_IMAGES = "only images are measured again; all numbers of points are in its summary.json and metrics.jsonl"
OF_RUNS = ("run", "sweep", "state", "images", "fresh")
OF_FOLDERS = ("generated", "reference", "resolution", "corrupt", "out")


def main(argv: list[str]) -> None:
    """Evaluate the runs or folders that `argv` names."""
    values = arguments(ARGUMENTS, argv, __doc__ or "", typed("evaluate"))
    os.environ |= thread_variables(side_by_side=1)  # before torch is imported
    show_warnings_as_notes()
    try:
        _check(values)
        if "generated" in values:
            _folders(values)
        else:
            _runs(values)
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: what was being measured is not stored")


def _check(values: Mapping[str, str]) -> None:
    """Refuse arguments that are wrong, separately or together.

    Raises:
        ValueError: an argument is wrong.
    """
    if "run" in values and "sweep" in values:
        raise ValueError("give run= or sweep=, not both")
    if ("generated" in values) != ("reference" in values):
        raise ValueError("generated= and reference= belong together: two folders of images")
    folders = "generated" in values
    for key in OF_RUNS if folders else OF_FOLDERS:
        if key in values:
            raise ValueError(f"{key}= goes with {'runs' if folders else 'generated= and reference='} only")
    if "extractor.weights" in values and "," in values.get("extractor", ""):
        raise ValueError(f"extractor.weights= is for one extractor, not for {values['extractor']}")
    for key in ("images", "resolution"):
        if key in values:
            whole_number(key, values[key])
    for key, words in (("fresh", ("true", "false")), ("corrupt", ("refuse", "skip"))):
        if key in values and values[key] not in words:
            raise ValueError(f"{key}={values[key]} takes {' or '.join(words)}")
    options = groups()["extractor"]
    for name in _names(values):
        if name not in options:
            near = meant(nearest(name, options), f"there are {listing(options, 'and')}")
            raise ValueError(f"extractor={name}: there is none{near}")
    weights = values.get("extractor.weights")
    if weights is not None and not Path(weights).expanduser().is_file():
        raise ValueError(f"extractor.weights={weights}: there is no such file")


def _runs(values: Mapping[str, str]) -> None:
    if "run" in values:
        runs = [find_run(values["run"])]
    else:
        runs = finished_runs(Path(values["sweep"]).expanduser() if "sweep" in values else newest_sweep())
    state = values.get("state", LAST)
    if len(runs) == 1:
        require_weights(runs[0], state)
    if not any(run.weights.states() for run in runs):
        raise LookupError("; ".join(map(without_weights, runs)))
    refused = {run.job: why for run in runs if (why := _why_not(run))}
    runs = [run for run in runs if run.job not in refused]
    if not runs:
        raise LookupError("; ".join(f"{job}: {why}" for job, why in refused.items()))
    from saddle.evaluation.finished import evaluate_run
    from saddle.report.evaluations import evaluation_tables

    extra = _extra_extractors(values)
    images = int(values["images"]) if "images" in values else None
    results = {}
    for number, run in enumerate(runs, 1):
        _say(f"[{number}/{len(runs)}] evaluating {shown(run.path)}{not_finished(run, state)} ...")
        try:
            results[run.job] = evaluate_run(
                run, state=state, images=images, extra=extra, fresh=values.get("fresh") == "true"
            )
        except (LookupError, ValueError, OSError) as error:  # the others can still be measured
            refused[run.job] = str(error)
    if results:
        print(evaluation_tables(results, "run"))
        print("\nWhere things are")
        for run in (run for run in runs if run.job in results):
            print(f"  {shown(run.path)}/: {run.evaluation.name}, {run.nearest.name}")
            if results[run.job].get("wandb"):
                print(f"    {results[run.job]['wandb']}")
        _advise(extra.missing)
    if refused:
        sys.exit("\n".join(f"{job} was not evaluated: {why}" for job, why in refused.items()))


def _why_not(run: RunFolder) -> str:
    """Why a run cannot be measured again; empty if it can."""
    try:
        summary = run.summary() or {}
    except (ValueError, OSError) as error:
        return str(error)
    return NO_IMAGES if summary.get("protocol") and not of_images(summary) else ""


def _advise(missing: Mapping[str, str]) -> None:
    if missing:
        names = ", ".join(missing)
        print(f"What to do next\n  extractor.weights=FILE, once the weights for {names} are in FILE:")
        print(in_checkout('  make fid ARGS="extractor.weights=FILE"', "  saddle evaluate extractor.weights=FILE"))


def _folders(values: Mapping[str, str]) -> None:
    generated, reference = (Path(values[key]).expanduser() for key in ("generated", "reference"))
    for folder in (generated, reference):
        if folder.is_file() and folder.suffix.lower() != ".npz":
            raise LookupError(f"{folder} is a file, not a folder of images; of files only npz is read")
        if not folder.exists():
            raise LookupError(f"there is no folder {'or file ' * (folder.suffix.lower() == '.npz')}{folder}")
    if "out" in values:
        out = Path(values["out"]).expanduser()
        if out.is_dir():
            raise ValueError(f"out={out} is a folder; the numbers go into a file, out=FILE.json")
        require_writable(out)
    from saddle.evaluation.folders import evaluate_folders
    from saddle.report.evaluations import evaluation_tables

    resolution = int(values["resolution"]) if "resolution" in values else None
    extra = _extra_extractors(values)
    if extra.missing and "extractor" in values:
        raise LookupError("; ".join(f"{name} cannot be measured: {why}" for name, why in extra.missing.items()))
    result = evaluate_folders(
        generated,
        reference,
        resolution=resolution,
        corrupt="skip" if values.get("corrupt") == "skip" else "refuse",
        extra=extra,
    )
    print(evaluation_tables({str(generated): result}, "generated"))
    if "out" in values:
        write_json(out, result)
        print(f"\nstored in {out}")
    else:
        print("\nnot stored: out=FILE.json keeps the numbers and their protocol")
    _advise(extra.missing)


def _extra_extractors(values: Mapping[str, str]) -> "ExtraExtractors":
    from saddle.evaluation.extra_extractors import extra_extractors

    weights = values.get("extractor.weights")
    return extra_extractors(_names(values), None if weights is None else str(Path(weights).expanduser().absolute()))


def _names(values: Mapping[str, str]) -> list[str]:
    return [name for name in values.get("extractor", "inception").split(",") if name != "none"]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
