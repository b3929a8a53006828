"""Runs in TensorBoard, written by Lightning's own logger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL.Image import Image
from pytorch_lightning.loggers import TensorBoardLogger

from saddle.callbacks.tracker import Tracker


class TensorBoard(Tracker):
    """Numbers, grids and the configuration as event files in `folder/tensorboard`.

    Args:
        folder: run folder.
        config: whole resolved configuration, as plain containers.
    """

    title = "TensorBoard"
    package = "tensorboard"

    def __init__(self, *, folder: Path, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.folder, self.config = folder, dict(config)

    def begin(self, updates: int) -> None:
        # A resumed run begins after its checkpoint: event files are purged from there on.
        self._logger = TensorBoardLogger(
            self.folder, name="tensorboard", version="", default_hp_metric=False, purge_step=updates
        )
        self._logger.log_hyperparams(self.config)
        text = yaml.safe_dump(self.config, sort_keys=False)
        self._logger.experiment.add_text("config", f"```\n{text}\n```", updates)

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image], updates: int) -> None:
        self._logger.log_metrics(dict(numbers), step=updates)
        for name, picture in pictures.items():
            pixels = np.asarray(picture.convert("RGB"))  # [height, width, 3]
            self._logger.experiment.add_image(name, pixels, updates, dataformats="HWC")

    def close(self, status: str) -> None:
        self._logger.finalize(status)
