"""Sweeps made up for comparisons: folders as training leaves them, without training."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from saddle.runs.folder import RunFolder
from saddle.runs.summary import summarise
from saddle.runs.sweep import write_sweep

CONFIG = """\
name: null
seed: {seed}
updates: 1000
evaluator:
  _target_: saddle.metrics.evaluator.ImageEvaluator
extractor:
  name: {extractor}
data:
  _target_: saddle.data.faces.dataset.Faces
  seed: 0
loss:
  _target_: saddle.losses.{loss}.Loss
model:
  _target_: saddle.models.gan.GAN
  seed: {seed}
"""
UPDATES = 1000
LINES = 20
METRICS = {"fd_faces": False, "precision_faces": True, "swd": False}
"""Name -> whether a larger value is better."""


def protocol(extractor: str) -> dict[str, Any]:
    """What a summary says of how it was measured."""
    own = {"metrics": ["fd_faces", "precision_faces"], "extractor": extractor, "digest": f"{extractor}0123"}
    comparisons = [own, {"metrics": ["swd"], "swd_patches": 8}]
    return {"images_generated": 500, "reference_digest": "0e07fd42", "comparisons": comparisons, "torch": "2.15.0"}


def make_run(
    folder: Path,
    *,
    loss: str = "minimax",
    seed: int = 0,
    distance: float = 10.0,
    ended: str = "finished",
    extractor: str = "faces",
    grid: bytes | None = None,
) -> RunFolder:
    """A run whose `fd_faces` falls to `distance` and luck; one that did not end well stops halfway, without a summary.

    Args:
        grid: a PNG to store as every grid; None: a small picture of one colour.
    """
    run, luck = RunFolder(folder), random.Random(f"{folder.name} {distance}")
    run.write_config(CONFIG.format(seed=seed, loss=loss, extractor=extractor))
    run.write_environment({"saddle": "0.2.0", "commit": "4000b91", "dirty": False, "earlier": []})
    (folder / "samples").mkdir()
    lines = [_line(step, distance, luck) for step in range(1 + (LINES if ended == "finished" else LINES // 2))]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    for line in lines[:: LINES // 5]:
        if grid is None:
            run.save_grid(int(line["updates"]), Image.new("RGB", (24, 24), (40 * seed % 256, 120, 60)))
        else:
            (folder / "samples" / f"{int(line['updates']):06d}.png").write_bytes(grid)
    if ended == "finished":
        facts = {"updates": UPDATES, "images_seen": 64 * UPDATES, "seconds": 40 + luck.random()}
        facts |= {"floor": 0.42, "floor_error": 0.02}
        main = {"main_metric": "fd_faces", "lower_is_better": True, "protocol": protocol(extractor)}
        run.write_summary({**facts, **main, "metrics": summarise(lines, METRICS), "wandb": None})
    said = {"error": "DivergedError: the loss is not finite\nmore", "trace": "Traceback"} if ended == "failed" else {}
    run.mark(ended, **said)
    return run


def measure_again(run: RunFolder, *, fid: float, images: int = 500, updates: int = UPDATES, model: str = "m") -> None:
    """What `make fid` adds to a run: with `images` = 500 its own metrics once more, and those of Inception."""
    measured = {name: values["last"] for name, values in (run.summary() or {})["metrics"].items()}
    numbers = {**measured, "fid": fid, "fid_error": 0.1, "precision_inception": 1 / (1 + fid)}
    inception = {"metrics": ["fid", "precision_inception"], "extractor": "inception", "digest": "8a7d", "resize": "x"}
    whole = protocol("faces") | {"images_generated": images}
    result = {
        "updates": updates,
        "model": model,
        "protocol": whole | {"comparisons": [*whole["comparisons"], inception]},
        "metrics": numbers,
        "higher_is_better": {**METRICS, "fid": False, "precision_inception": True},
        "floor": {"fid": 1.5, "fid_error": 0.1, "precision_inception": 0.9},
    }
    run.write_evaluations([*run.evaluations(), result])


def make_sweep(folder: Path, losses: Sequence[str], seeds: Sequence[int], grid: bytes | None = None) -> Path:
    """A finished sweep of `losses` x `seeds`, each loss 3 farther from the data than the one before."""
    jobs = []
    for place, loss in enumerate(losses):
        for seed in seeds:
            name = f"loss-{loss}_seed-{seed}"
            make_run(folder / name, loss=loss, seed=seed, distance=10.0 + 3 * place, grid=grid)
            jobs.append({"name": name, "overrides": [f"loss={loss}", f"seed={seed}"]})
    write_sweep(folder, {"command": "python src/train.py -m loss=... seed=...", "jobs": jobs})
    return folder


def _line(step: int, distance: float, luck: random.Random) -> dict[str, float]:
    """Losses in each line, an evaluation in every fourth."""
    share = step / LINES
    line = {"updates": step * UPDATES // LINES, "loss_generator": luck.random()}
    if step % (LINES // 5) == 0:
        line |= {"fd_faces": distance + 400 * (1 - share) ** 4 + luck.random()}
        line |= {"precision_faces": 0.8 * share + 0.01 * luck.random(), "swd": 0.1 - 0.09 * share}
    return line
