"""Instruments, which measure at intervals of their own, and the callback that runs them and logs their readings."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from PIL import Image
from pytorch_lightning import Trainer
from torch import Tensor

from saddle.callbacks.callback_list import BundledCallback, user_callbacks
from saddle.models.base import GenerativeModel

Reading = float | Image.Image


class Instrument(ABC):
    """Measures a model every `every` updates.

    Attributes:
        model_type: class of the models that it accepts; runs of other models leave the instrument out.
        evaluates: whether it is a part of an evaluation, which all ranks read together.
    """

    model_type: ClassVar[type[GenerativeModel]] = GenerativeModel  # type: ignore[type-abstract]  # for isinstance
    evaluates: ClassVar[bool] = True
    every: int

    @abstractmethod
    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        """Numbers and pictures by name; must change neither the model nor anything that training draws.

        Args:
            model: a model of `model_type`.
        """


def applicable(instruments: Sequence[Instrument], model: GenerativeModel) -> list[Instrument]:
    """The instruments that accept the model, in their order."""
    return [instrument for instrument in instruments if isinstance(model, instrument.model_type)]


def numbers_and_pictures(readings: Mapping[str, Reading]) -> tuple[dict[str, float], dict[str, Image.Image]]:
    """Readings by their kind; a tensor [] that a user's callback logs becomes a number."""
    pictures = {name: reading for name, reading in readings.items() if isinstance(reading, Image.Image)}
    numbers = {name: reading for name, reading in readings.items() if not isinstance(reading, Image.Image)}
    return {name: n.item() if isinstance(n, Tensor) else n for name, n in numbers.items()}, pictures


class Measure(BundledCallback):
    """Runs every instrument at update 0, at each multiple of its interval, and once at the end.

    All readings of one update are logged in one call, which keeps a number and its picture together. Around an
    evaluation the user's callbacks receive Lightning's hooks of validation, and before the last two of them
    `trainer.callback_metrics` receives the numbers, as tensors [] on every rank.

    Args:
        instruments: instruments that accept the model.
        updates: total number of updates in the run.
        unread: whether the state from which the run resumed was stored before the readings of its update.

    Attributes:
        readings: readings of the last update at which this callback acted.
        latest: newest reading of each name.
    """

    def __init__(self, *, instruments: Sequence[Instrument], updates: int, unread: bool = False) -> None:
        self.instruments, self.updates, self.unread = instruments, updates, unread
        self.readings: dict[str, Reading] = {}
        self.latest: dict[str, Reading] = {}

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if model.updates == 0 or self.unread:
            self.read(trainer, model)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        self.read(trainer, model)

    def read(self, trainer: Trainer, model: GenerativeModel) -> None:
        """Run the instruments that are due and log their readings."""
        last = model.updates == self.updates
        due = [instrument for instrument in self.instruments if last or model.updates % instrument.every == 0]
        callbacks = user_callbacks(trainer) if any(instrument.evaluates for instrument in due) else []
        self.readings, self.unread = {}, True
        for callback in callbacks:
            callback.on_validation_start(trainer, model)
        for callback in callbacks:
            callback.on_validation_epoch_start(trainer, model)
        self.readings = _measured(due, model)
        self.latest |= self.readings
        for logger in trainer.loggers if self.readings else ():
            logger.log_metrics(self.readings, step=model.updates)  # type: ignore[arg-type]  # ours take pictures too
        self.unread = False
        if callbacks:
            trainer.callback_metrics.update(_shared(trainer, self.readings))
        for callback in callbacks:
            callback.on_validation_epoch_end(trainer, model)
        for callback in callbacks:
            callback.on_validation_end(trainer, model)


def _measured(instruments: Sequence[Instrument], model: GenerativeModel) -> dict[str, Reading]:
    """The readings of all instruments; if one of them fails, the model still has the means that were not logged."""
    means, readings = model.pending_means(), dict[str, Reading]()
    try:
        for instrument in instruments:
            readings |= instrument.measure(model)
    except Exception:
        model.restore_pending_means(means)
        raise
    return readings


def _shared(trainer: Trainer, readings: Mapping[str, Reading]) -> dict[str, Tensor]:
    """The numbers that rank 0 read, as tensors [] on every rank; evaluators return them on rank 0 alone."""
    numbers: dict[str, float] = trainer.strategy.broadcast(numbers_and_pictures(readings)[0])
    return {name: torch.tensor(number) for name, number in numbers.items()}
