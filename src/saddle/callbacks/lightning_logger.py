"""Loggers of others, as trackers."""

from collections.abc import Mapping
from typing import Any

from PIL.Image import Image
from pytorch_lightning.loggers import Logger

from saddle.callbacks.tracker import Tracker


class LightningLogger(Tracker):
    """Any logger of Lightning's interface. It receives the numbers and the configuration, and no pictures.

    Args:
        option: name of the option, for messages.
        logger: the logger.
        config: whole resolved configuration, as plain containers.
    """

    def __init__(self, *, option: str, logger: Logger, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.title, self.logger, self.config = f"logger {option}", logger, dict(config)

    @property
    def experiment(self) -> Any:
        """What the logger itself calls its experiment."""
        return getattr(self.logger, "experiment", None)

    def begin(self, updates: int) -> None:
        self.logger.log_hyperparams(self.config)

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image], updates: int) -> None:
        if numbers:
            self.logger.log_metrics(dict(numbers), step=updates)

    def close(self, status: str) -> None:
        self.logger.finalize(status)
