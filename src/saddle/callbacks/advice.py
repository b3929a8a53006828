"""Warnings during a run, from its readings: on the terminal and in the trackers."""

from collections.abc import Mapping, Sequence

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.measure import Measure
from saddle.callbacks.symptoms import Symptoms
from saddle.callbacks.tracker import Tracker, say
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.moments import Diversity
from saddle.models.base import GenerativeModel


class Advice(BundledCallback):
    """Checks every reading for `symptoms` and reports their warnings.

    Args:
        symptoms: symptoms to look for.
        measure: source of the readings.
        evaluator: evaluator of the run, whose `Diversity` shows a collapse; None: no evaluation.
        logged: lines of the log of the run before it was resumed, each with `updates`.

    Attributes:
        warnings: all warnings of this run.
    """

    def __init__(
        self,
        *,
        symptoms: Symptoms,
        measure: Measure,
        evaluator: SampleEvaluator | None,
        logged: Sequence[Mapping[str, float]],
    ) -> None:
        self.symptoms, self.measure = symptoms, measure
        metrics = [metric for metric in (evaluator.metrics if evaluator else ()) if isinstance(metric, Diversity)]
        self.diversity = [name for metric in metrics for name in metric.higher_is_better]
        self.warnings = [warning for line in logged for warning in self._check(int(line["updates"]), line)]

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        numbers = {name: reading for name, reading in self.measure.readings.items() if isinstance(reading, float)}
        for warning in self._check(model.updates, numbers):
            self.warnings.append(warning)
            say(f"\nwarning: update {model.updates:,}: {warning}")
            for logger in trainer.loggers:
                if isinstance(logger, Tracker):
                    logger.warn(warning)

    def _check(self, updates: int, readings: Mapping[str, float]) -> list[str]:
        diversity = next((readings[name] for name in self.diversity if name in readings), None)
        return self.symptoms.check(updates, readings, diversity)
