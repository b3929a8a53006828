"""What does an evaluation cost, in updates of the default run? Expected: at most 200 for 10,000 images.

    python experiments/speed/evaluation.py       two cores: about 2 minutes, on a machine that does nothing else

Trains the default run for 300 updates and evaluates after every sixtieth, in one process, so that both meet the same
machine. Writes results/evaluation.json and a table of README.md.
"""

import json
import os
import statistics
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

from saddle.processes.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)

from saddle_studies import readme

from pytorch_lightning import Callback

import saddle
from saddle.metrics.evaluator import ImageEvaluator
from saddle.runs.environment import describe

HERE = Path(__file__).resolve().parent
STRETCH, UPDATES, EVALUATE = 20, 300, 60


class Stopwatch(Callback):
    """Seconds of each stretch of updates and of each evaluation."""

    def __init__(self, evaluator: ImageEvaluator) -> None:
        self.evaluator = evaluator
        self.updates: list[float] = []
        self.evaluations: list[float] = []

    def on_train_start(self, trainer: Any, model: Any) -> None:
        self._measure(model)  # the real side, once
        self.evaluations.clear()
        self.began = perf_counter()

    def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
        self.updates.append((perf_counter() - self.began) / STRETCH)
        if model.updates % EVALUATE == 0:
            self._measure(model)
        self.began = perf_counter()

    def _measure(self, model: Any) -> None:
        began = perf_counter()
        self.evaluator(lambda indices: model.sample(indices, 0))
        self.evaluations.append(perf_counter() - began)


def main() -> None:
    """Measure, and write results and table."""
    warnings.simplefilter("ignore")
    experiment = saddle.compose("logger=none")
    evaluator = experiment.evaluator
    assert isinstance(evaluator, ImageEvaluator)
    watch = Stopwatch(evaluator)
    trainer = experiment.trainer(callbacks=[watch])
    experiment.fit(trainer, updates=UPDATES, every=[STRETCH])
    update, evaluation = statistics.median(watch.updates), statistics.median(watch.evaluations)
    machine = {key: describe(trainer.precision, None)[key] for key in ("processor", "threads", "precision")}
    measured = {"update": update, "evaluation": evaluation, "evaluations": watch.evaluations}
    results = {"images": evaluator.count, **measured, **machine}
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "evaluation.json").write_text(json.dumps(results, indent=1) + "\n")
    row = [f"{evaluator.count:,}", f"{update * 1e3:.0f} ms", f"{evaluation:.1f} s", f"{evaluation / update:.0f}"]
    header = ["images", "an update, median", "an evaluation, median", "evaluation in updates"]
    readme.replace(HERE / "README.md", "evaluation", readme.table(header, [row]))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
