"""Loggers whose rows are those of updates."""

from abc import ABC

from pytorch_lightning.loggers import Logger

from saddle.models.base import GenerativeModel


class ClockedLogger(Logger, ABC):
    """A logger for which a row without a step is that of the current update.

    Attributes:
        model: the model in training, whose `updates` are the clock; None before training.
    """

    model: GenerativeModel | None = None

    def update_of(self, step: int | None) -> int:
        """The update of a row.

        Raises:
            ValueError: `step` is missing, and nothing is trained.
        """
        if step is not None:
            return int(step)
        if self.model is None:
            raise ValueError("log_metrics needs step=..., the number of updates: it is the x-axis of every chart")
        return self.model.updates
