"""Warnings while a run goes on: what its numbers say, to the person and to Weights & Biases."""

import sys
from collections.abc import Mapping, Sequence

from pytorch_lightning import Callback, Trainer

from saddle.callbacks.measure import Measure
from saddle.callbacks.symptoms import Symptoms
from saddle.callbacks.wandb import Wandb
from saddle.models.base import GenerativeModel


class Advice(Callback):
    """Shows every reading to `symptoms`, and passes on what they find.

    Args:
        symptoms: what to look for.
        measure: takes the readings.
        earlier: lines of the log of the part of the run before this one, each with `updates`.

    Attributes:
        given: all that was said of this run.
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
                if isinstance(logger, Wandb):
                    logger.warn(said)
