"""`saddle sample run=runs/SWEEP/JOB out=samples`: draw new samples from a finished run, or a view of its latent code.

out=DIR writes a folder of 00000.png, 00001.png, ...; out=x.npz one file with all samples; out=x.png one picture.
Sample i of a seed is always the same, however many are drawn. An output is written completely or not at all, also after
Ctrl-C.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from omegaconf import OmegaConf

from saddle.cli.arguments import arguments, whole_number
from saddle.engine.stored import read_config, stored_classes
from saddle.processes.threads import thread_variables
from saddle.runs.commands import typed
from saddle.runs.folder import RunFolder
from saddle.runs.messages import not_finished, require_weights
from saddle.runs.sweep import find_run
from saddle.runs.weights import LAST
from saddle.samples.outputs import Output

ARGUMENTS = {
    "run": "folder of a run, runs/SWEEP/JOB",
    "state": "whose weights: last, best (by the main metric), or the updates of a kept state (keep=)",
    "draw": "samples; or a view of the latent code as a picture with its numbers: plane, interpolation, dimensions, "
    "directions, factors, truncation",
    "count": "number of samples (64); for a view of the code the number of rows, for truncation of columns (8)",
    "label": "class of all samples, by name or by number from 0; by default classes are as frequent as in training",
    "seed": "seed of the codes (by default that of the run; sample i of a seed is always the same)",
    "truncation": "draw codes only within +- this many standard deviations of a normal prior (Brock et al. 2019)",
    "out": "for samples a folder, x.npz or x.png (samples/; for points samples.npz); for a view of the code x.png",
}
VIEWS = ("plane", "interpolation", "dimensions", "directions", "factors", "truncation")
SAMPLES, ROWS = 64, 8
MOST_IN_PICTURE = 2_500
"""Largest number of images in one picture."""


def main(argv: list[str]) -> None:
    """Draw the samples or the view that `argv` requests."""
    values = arguments(ARGUMENTS, argv, __doc__ or "", typed("sample"))
    if "run" not in values:
        sys.exit("error: run=runs/SWEEP/JOB is missing; --help says more")
    draw = values.get("draw", "samples")
    if draw not in ("samples", *VIEWS):
        sys.exit(f"error: draw={draw}: it takes samples, {', '.join(VIEWS)}")
    try:
        count = whole_number("count", values.get("count", str(SAMPLES if draw == "samples" else ROWS)))
        seed = whole_number("seed", values["seed"], least=0) if "seed" in values else None
        threshold = _positive("truncation", values["truncation"]) if "truncation" in values else None
        run, state = find_run(values["run"]), values.get("state", LAST)
        require_weights(run, state)
        out = _output(run, draw, count, values)  # before the slow import of torch
        label = _label(run, values["label"]) if "label" in values else None
        os.environ |= thread_variables(side_by_side=1)  # before torch is imported
        if draw == "samples":
            from saddle.samples.sampling import write_samples

            write_samples(run, state=state, count=count, seed=seed, label=label, threshold=threshold, out=out)
            print(_written(run, state, count, out))
        else:
            from saddle.samples.latent_views import render_view

            words = render_view(
                run, draw, state=state, rows=count, seed=seed, label=label, threshold=threshold, out=out
            )
            print(f"{words}\n\npicture: {out.picture}; numbers: {out.numbers}")
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: nothing half-written is left")


def _label(run: RunFolder, text: str) -> int:
    """The label that `text` names; says which class that is."""
    classes = stored_classes(run)
    label = classes.label(text)
    print(f"label={text} is the class {classes.names[label]}")
    return label


def _output(run: RunFolder, draw: str, count: int, values: Mapping[str, str]) -> Output:
    """The output; refused if it cannot be written."""
    if draw != "samples":
        out = Output(Path(values.get("out", f"{draw}.png")).expanduser())
        out.require(kinds=(".png",), free=(out.picture, out.numbers), formats=f"draw={draw} is a picture, out=x.png")
        return out
    points = len(OmegaConf.select(read_config(run), "data.shape") or (1, 1, 1)) < 3
    out = Output(Path(values.get("out", "samples.npz" if points else "samples")).expanduser())
    if points:
        formats = "these samples are points: out=x.npz stores them, out=x.png is their chart"
        out.require(kinds=(".npz", ".png"), free=(out.path, out.picture), formats=formats)
        return out
    formats = "samples go into a folder, out=DIR, or a file, out=x.npz or out=x.png"
    free = (out.path, out.picture) if out.kind else (out.picture,)
    out.require(kinds=("", ".npz", ".png"), free=free, formats=formats)
    if out.kind == ".png" and count > MOST_IN_PICTURE:
        raise ValueError(
            f"count={count}: one picture shows {MOST_IN_PICTURE:,} at most; out=x.npz or a folder take more"
        )
    return out


def _written(run: RunFolder, state: str, count: int, out: Output) -> str:
    samples = f"{count:,} sample{'s' * (count > 1)} of {run.path}{not_finished(run, state)}"
    if out.kind == ".png":
        return f"{samples} are in {out.path}"
    return f"{samples} are in {out.path}{'' if out.kind else '/'}; the first of them together: {out.picture}"


def _positive(key: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ValueError(f"{key}={text} takes a number above 0")
    return number
