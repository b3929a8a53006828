"""The numbers of a run as a table, written by Lightning's own logger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL.Image import Image
from pytorch_lightning.loggers import CSVLogger

from saddle.callbacks.tracker import Tracker


class CSV(Tracker):
    """Numbers in `folder/csv/version_0/metrics.csv`, one row for each logging call, with the configuration next to it.

    A resumed run writes `version_1`, which begins after the checkpoint. Grids are in the run folder's `samples/`.

    Args:
        folder: run folder.
        config: whole resolved configuration, as plain containers.
    """

    title = "CSV"

    def __init__(self, *, folder: Path, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.folder, self.config = folder, dict(config)

    def begin(self, updates: int) -> None:
        self._logger = CSVLogger(self.folder, name="csv", flush_logs_every_n_steps=1)
        self._logger.log_hyperparams(self.config)

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image], updates: int) -> None:
        if numbers:
            self._logger.log_metrics({"updates": updates, **numbers}, step=updates)

    def close(self, status: str) -> None:
        self._logger.finalize(status)
