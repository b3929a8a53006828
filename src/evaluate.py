"""Evaluation: `python src/evaluate.py [run=runs/SWEEP/JOB | sweep=runs/SWEEP | generated=DIR reference=DIR]`.

Without an argument: of every finished run of the newest sweep, through the run's own extractor and Inception (FID).
Prints tables; stores the numbers, with the protocol under which they were measured, in each run's evaluation.json, and
the training images nearest to its samples in nearest.png. With two folders (or npz files) of images: of the one against
the other.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.cli.arguments import arguments
from saddle.config.keys import CONF, groups
from saddle.config.messages import listing, meant, nearest
from saddle.processes.threads import thread_variables
from saddle.runs.folder import replace_file
from saddle.runs.messages import show_warnings_as_notes, shown, without_weights
from saddle.runs.summary import of_images
from saddle.runs.sweep import find_run, finished_runs, newest_sweep
from saddle.samples.outputs import require_place

if TYPE_CHECKING:
    from saddle.evaluation.extra_extractors import ExtraExtractors

ARGUMENTS = {
    "run": "one finished run's folder, runs/SWEEP/JOB",
    "sweep": "a sweep's folder, runs/SWEEP; by default the newest one under runs/",
    "images": "generated images, and as many real ones; by default as in the run's own evaluation",
    "fresh": "true measures again what was measured before",
    "generated": "a folder of generated images, or an npz file (arr_0), from anywhere",
    "reference": "the folder, or npz file, of real images that they are compared with",
    "resolution": "crop and resize the images of both folders; by default they are taken as they are",
    "corrupt": "skip leaves files out that give no image; by default (refuse) they are named",
    "out": "a file for the numbers of two folders and their protocol, JSON",
    "extractor": "besides a run's own: names separated by commas, or none; by default inception",
    "extractor.weights": "a file with the weights of that extractor",
}
NO_IMAGES = "only images are measured again; all numbers of points are in its summary.json and metrics.jsonl"
OF_RUNS = ("run", "sweep", "images", "fresh")
OF_FOLDERS = ("generated", "reference", "resolution", "corrupt", "out")


def main(argv: list[str]) -> None:
    """Evaluate what `argv` names."""
    given = arguments(ARGUMENTS, argv, __doc__)
    mistake = _mistake(given)
    if mistake:
        sys.exit(f"error: {mistake}")
    os.environ |= thread_variables(side_by_side=1)  # before torch is imported
    show_warnings_as_notes()
    try:
        if "generated" in given:
            _folders(given)
        else:
            _runs(given)
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: what was being measured is not stored")


def _mistake(given: Mapping[str, str]) -> str | None:
    """What is wrong with the arguments, each by itself or together."""
    if "run" in given and "sweep" in given:
        return "give run= or sweep=, not both"
    if ("generated" in given) != ("reference" in given):
        return "generated= and reference= belong together: two folders of images"
    folders = "generated" in given
    for key in OF_RUNS if folders else OF_FOLDERS:
        if key in given:
            return f"{key}= goes with {'runs' if folders else 'generated= and reference='} only"
    if "extractor.weights" in given and "," in given.get("extractor", ""):
        return f"extractor.weights= is for one extractor, not for {given['extractor']}"
    for key in ("images", "resolution"):
        if key in given and not (given[key].isdecimal() and int(given[key])):
            return f"{key}={given[key]} takes a whole number above 0"
    for key, words in (("fresh", ("true", "false")), ("corrupt", ("refuse", "skip"))):
        if key in given and given[key] not in words:
            return f"{key}={given[key]} takes {' or '.join(words)}"
    options = groups(CONF)["extractor"]
    for name in _names(given):
        if name not in options:
            near = meant(nearest(name, options), f"there are {listing(options, 'and')}")
            return f"extractor={name}: there is none{near}"
    weights = given.get("extractor.weights")
    if weights is not None and not Path(weights).expanduser().is_file():
        return f"extractor.weights={weights}: there is no such file"
    return None


def _runs(given: Mapping[str, str]) -> None:
    if "run" in given:
        runs = [find_run(given["run"])]
    else:
        runs = finished_runs(Path(given["sweep"]).expanduser() if "sweep" in given else newest_sweep())
    if not any(run.weights.is_file() for run in runs):
        raise LookupError("; ".join(map(without_weights, runs)))
    refused = {
        run.job: NO_IMAGES
        for run in runs
        if (run.summary() or {}).get("protocol") and not of_images(run.summary() or {})
    }
    runs = [run for run in runs if run.job not in refused]
    if not runs:
        raise LookupError("; ".join(f"{job}: {why}" for job, why in refused.items()))
    _say("loading ...")
    from saddle.evaluation.finished import evaluate_run
    from saddle.report.evaluations import evaluation_tables

    extra = _extra_extractors(given)
    images = int(given["images"]) if "images" in given else None
    results = {}
    for number, run in enumerate(runs, 1):
        _say(f"[{number}/{len(runs)}] evaluating {shown(run.path)} ...")
        try:
            results[run.job] = evaluate_run(run, images=images, extra=extra, fresh=given.get("fresh") == "true")
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


def _advise(missing: Mapping[str, str]) -> None:
    if missing:
        names = ", ".join(missing)
        print(f"What to do next\n  extractor.weights=FILE, once the weights for {names} are in FILE:")
        print('  make fid ARGS="extractor.weights=FILE"')


def _folders(given: Mapping[str, str]) -> None:
    generated, reference = (Path(given[key]).expanduser() for key in ("generated", "reference"))
    for folder in (generated, reference):
        if folder.is_file() and folder.suffix.lower() != ".npz":
            raise LookupError(f"{folder} is a file, not a folder of images; of files only npz is read")
        if not folder.exists():
            raise LookupError(f"there is no folder {'or file ' * (folder.suffix.lower() == '.npz')}{folder}")
    if "out" in given:
        out = Path(given["out"]).expanduser()
        if out.is_dir():
            raise ValueError(f"out={out} is a folder; the numbers go into a file, out=FILE.json")
        require_place(out)
    _say("loading ...")
    from saddle.evaluation.folders import evaluate_folders
    from saddle.report.evaluations import evaluation_tables

    resolution = int(given["resolution"]) if "resolution" in given else None
    extra = _extra_extractors(given)
    if extra.missing and "extractor" in given:
        raise LookupError("; ".join(f"{name} cannot be measured: {why}" for name, why in extra.missing.items()))
    result = evaluate_folders(
        generated,
        reference,
        resolution=resolution,
        corrupt="skip" if given.get("corrupt") == "skip" else "refuse",
        extra=extra,
    )
    print(evaluation_tables({str(generated): result}, "generated"))
    if "out" in given:
        replace_file(out, lambda file: file.write((json.dumps(result, indent=2) + "\n").encode()))
        print(f"\nstored in {out}")
    else:
        print("\nnot stored: out=FILE.json keeps the numbers and their protocol")
    _advise(extra.missing)


def _extra_extractors(given: Mapping[str, str]) -> "ExtraExtractors":
    from saddle.evaluation.extra_extractors import extra_extractors

    weights = given.get("extractor.weights")
    return extra_extractors(_names(given), None if weights is None else str(Path(weights).expanduser().absolute()))


def _names(given: Mapping[str, str]) -> list[str]:
    return [name for name in given.get("extractor", "inception").split(",") if name != "none"]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv)
