"""Instruments, which measure at intervals of their own, and the callback that runs them and logs their readings."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from PIL import Image
from pytorch_lightning import Trainer
from torch import Tensor

from saddle.callbacks.callback_list import BundledCallback
from saddle.models.base import GenerativeModel

Reading = float | Image.Image


class Instrument(ABC):
    """Measures a model every `every` updates.

    Attributes:
        model_type: class of the models that it accepts; runs of other models leave the instrument out.
    """

    model_type: ClassVar[type[GenerativeModel]] = GenerativeModel  # type: ignore[type-abstract]  # for isinstance
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

    All readings of one update are logged in one call, which keeps a number and its picture together.

    Args:
        instruments: instruments that accept the model.
        updates: total number of updates in the run.

    Attributes:
        readings: readings of the last update at which this callback acted.
        latest: newest reading of each name.
    """

    def __init__(self, *, instruments: Sequence[Instrument], updates: int) -> None:
        self.instruments, self.updates = instruments, updates
        self.readings: dict[str, Reading] = {}
        self.latest: dict[str, Reading] = {}

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if model.updates == 0:
            self.read(trainer, model)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        self.read(trainer, model)

    def read(self, trainer: Trainer, model: GenerativeModel) -> None:
        """Run the instruments that are due and log their readings."""
        last = model.updates == self.updates
        self.readings = {}
        for instrument in self.instruments:
            if last or model.updates % instrument.every == 0:
                self.readings |= instrument.measure(model)
        self.latest |= self.readings
        for logger in trainer.loggers if self.readings else ():
            logger.log_metrics(self.readings, step=model.updates)  # type: ignore[arg-type]  # ours take pictures too
