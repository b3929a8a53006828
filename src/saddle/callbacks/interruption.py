"""Ctrl-C and SIGTERM: the update is finished, the state stored, and the run can go on."""

import signal
import sys
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, Trainer

from saddle.distributed.world import any_rank
from saddle.models.base import GenerativeModel


class Interruption(Callback):
    """Ends training in good order at the first signal; a second Ctrl-C ends it at once.

    Several processes of one run agree on it between two stretches of updates, and store the state of the same update.

    Handlers stand while training lasts, over Lightning's own, which end a run between two D steps or not at all.
    """

    def __init__(self) -> None:
        self.earlier: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self.model = model
        self.earlier = {number: signal.signal(number, self._asked) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        model.interrupted = any_rank(model.interrupted)
        trainer.should_stop = model.interrupted

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self._give_back()

    def on_exception(self, *_: object) -> None:
        self._give_back()

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self.model.interrupted and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.model.interrupted = True
        print("\ninterrupted: the update is finished and stored (Ctrl-C again: at once)", file=sys.stderr, flush=True)

    def _give_back(self) -> None:
        for number, handler in self.earlier.items():
            signal.signal(number, handler)
        self.earlier = {}
