"""Warnings during a run, from its numbers: on the terminal and in the trackers."""

import sys
from collections.abc import Mapping, Sequence

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.measure import Measure
from saddle.callbacks.symptoms import Symptoms
from saddle.callbacks.tracker import Tracker
from saddle.models.base import GenerativeModel


class Advice(BundledCallback):
    """Checks every reading for `symptoms`, and passes their warnings on.

    Args:
        symptoms: the symptoms to look for.
        measure: source of the readings.
        earlier: lines of the log of the run before it was resumed, each with `updates`.

    Attributes:
        given: all warnings of this run.
    """

    def __init__(self, *, symptoms: Symptoms, measure: Measure, earlier: Sequence[Mapping[str, float]]) -> None:
        self.symptoms, self.measure = symptoms, measure
        self.given = [said for line in earlier for said in symptoms.look(int(line["updates"]), line)]

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        numbers = {name: reading for name, reading in self.measure.readings.items() if isinstance(reading, float)}
        for said in self.symptoms.look(model.updates, numbers):
            self.given.append(said)
            print(f"\nwarning: update {model.updates:,}: {said}", file=sys.stderr, flush=True)
            for logger in trainer.loggers:
                if isinstance(logger, Tracker):
                    logger.warn(said)
