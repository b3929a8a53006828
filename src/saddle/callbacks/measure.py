"""When to measure: instruments with an interval each, and one call to the loggers for all that is due at an update."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from PIL import Image
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.utilities import rank_zero_only

from saddle.models.base import GenerativeModel

Reading = float | Image.Image


class Instrument(ABC):
    """Looks at a model every `every` updates."""

    every: int

    @abstractmethod
    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        """Numbers and pictures by name; must leave the model, and what training draws, as they were."""


class Measure(Callback):
    """Lets every instrument read at update 0, at each multiple of its interval, and once at the end.

    What is read at one update goes to the loggers in one call, so that a number and its picture stay together.

    Attributes:
        readings: those of the last update at which this acted.
        latest: the newest reading of each name.
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
        """Read what is due and log it."""
        last = model.updates == self.updates
        due = [one for one in self.instruments if last or model.updates % one.every == 0]
        self.readings = {}
        for instrument in due:
            self.readings |= instrument.measure(model)
        self.latest |= self.readings
        if self.readings:
            _log(trainer, self.readings, model.updates)


@rank_zero_only
def _log(trainer: Trainer, readings: dict[str, Reading], updates: int) -> None:
    for logger in trainer.loggers:
        logger.log_metrics(readings, step=updates)  # type: ignore[arg-type]  # ours take pictures too
