"""The run folder as a logger: numbers to metrics.jsonl, pictures to samples/."""

from collections.abc import Mapping
from typing import Any

from PIL import Image
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from saddle.callbacks.measure import Reading
from saddle.runs.folder import RunFolder


class RunLog(Logger):
    """Writes what is measured into the run folder, whatever other loggers do."""

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
        """Nothing: the entry stores the whole configuration."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Reading], step: int | None = None) -> None:
        updates = int(step or 0)
        for reading in metrics.values():
            if isinstance(reading, Image.Image):
                self.folder.save_grid(updates, reading)
        numbers = {name: reading for name, reading in metrics.items() if not isinstance(reading, Image.Image)}
        if numbers:
            self.folder.log(updates, numbers)
