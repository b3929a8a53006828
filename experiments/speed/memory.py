"""How much memory does a run need, against the best hand-written loop for the same work?

    python experiments/speed/memory.py       two minutes

The default game on faces, 60 updates, each side in a process of its own that has imported the same: resident memory at
its peak. Saddle's run is measured once as in training.py, with the readings, log, guards and states of a run, and once
with its evaluations of 10,000 images, which the loop has not. The loop holds a copy of the training images, which
Saddle maps from their file: the copy is taken off its peak. Expected: at most 1.5 times the loop's. Writes
results/memory.json and a table of README.md.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from saddle.processes.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)

from saddle_studies import readme

import numpy as np
from pytorch_lightning import Callback
from training import LOG_EVERY, best_of, composed, train_as_saddle

from saddle.callbacks.instruments import Evaluation
from saddle.callbacks.measure import Measure
from saddle.cli.arguments import arguments
from saddle.data.images import Images
from saddle.runs.environment import describe
from saddle.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
ALLOWED = {"side": "best, saddle or evaluating: that one alone, in this process"}
SIDES = {"best": "the best loop", "saddle": "Saddle", "evaluating": "Saddle, with two evaluations"}
UPDATES = 60


def main() -> None:
    """Measure each side in a process of its own, and write results and table."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    if "side" in given:
        print(json.dumps(_peak(given["side"])))
        return
    sides = {side: json.loads(_alone(side).splitlines()[-1]) for side in SIDES}
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    (HERE / "results" / "memory.json").write_text(json.dumps({**sides, **machine}, indent=1) + "\n")
    best = sides["best"]["peak"] - sides["best"]["images"]
    rows = [
        [
            SIDES[side],
            f"{peaks['imports']:.0f} MiB",
            f"{peaks['peak'] - peaks['images']:.0f} MiB",
            f"{(peaks['peak'] - peaks['images']) / best:.2f}",
        ]
        for side, peaks in sides.items()
    ]
    title = ["side", "with all imports", "peak, less a copy of the images", "over the loop's"]
    readme.replace(HERE / "README.md", "memory", readme.table(title, rows))
    print(readme.table(title, rows))


def _alone(side: str) -> str:
    command = [sys.executable, __file__, f"side={side}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _peak(side: str) -> dict[str, float]:
    """Resident MiB when all is imported and the images are there, and at the peak."""
    experiment = composed([])
    data = experiment.data
    assert isinstance(data, Images)
    data.train[np.arange(64)]
    images = 0.0
    with tempfile.TemporaryDirectory() as place:
        imports = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if side == "best":
            loop = best_of(experiment, Path(place))
            images = loop.game.pixels.numel() / 2**20
            loop.run(UPDATES)
        else:
            evaluator = experiment.evaluator
            assert evaluator is not None
            measure = Measure(instruments=[Evaluation(every=UPDATES, evaluator=evaluator, seed=0)], updates=UPDATES)
            last = measure if side == "evaluating" else Callback()
            train_as_saddle(experiment, RunFolder(Path(place)), UPDATES, last, LOG_EVERY)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"imports": imports / 1024, "peak": peak / 1024, "images": images}


if __name__ == "__main__":
    main()
