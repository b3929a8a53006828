"""The run folder as a logger: numbers to metrics.jsonl, pictures to samples/."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning.utilities import rank_zero_only

from saddle.callbacks.clocked import ClockedLogger
from saddle.callbacks.measure import Reading, numbers_and_pictures
from saddle.runs.folder import RunFolder


class RunLog(ClockedLogger):
    """Writes all readings into the run folder; every run has this logger."""

    def __init__(self, *, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder

    @property
    def name(self) -> str:
        return self.folder.sweep

    @property
    def version(self) -> str:
        return self.folder.job

    @rank_zero_only
    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Do nothing: the run folder already has the whole configuration."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Reading], step: int | None = None) -> None:
        updates = self.update_of(step)
        numbers, pictures = numbers_and_pictures(metrics)
        for picture in pictures.values():
            self.folder.save_grid(updates, picture)
        if numbers:
            self.folder.log(updates, numbers)
