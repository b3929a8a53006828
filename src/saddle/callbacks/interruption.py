"""Ctrl-C and SIGTERM: training finishes the update and stores the state, and the run can be resumed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.tracker import say
from saddle.distributed.world import any_rank
from saddle.models.base import GenerativeModel

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption(BundledCallback):
    """Ends training after the current update at the first signal; a second Ctrl-C ends it at once.

    The processes of one run synchronise after each update, so that all of them stop after the same one.

    Args:
        model: model in training.
    """

    def __init__(self, model: GenerativeModel) -> None:
        self.model = model

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals here instead of in Lightning, whose handlers end a run between two steps of D.

        The context should last until everything is stored, which a repeated signal must not interrupt. A signal that
        is already ignored, such as SIGHUP under `nohup`, stays ignored.
        """
        if threading.current_thread() is not threading.main_thread():  # no other thread receives signals
            yield
            return
        handled = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        previous = {number: signal.signal(number, self._interrupt) for number in handled}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        self._take_over(trainer, model)
        trainer.should_stop = model.interrupted

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self._take_over(trainer, model)

    def _take_over(self, trainer: Trainer, model: GenerativeModel) -> None:
        """End training on all ranks if a signal, or another callback such as EarlyStopping, has ended it on one."""
        if trainer.should_stop and not model.interrupted and trainer.is_global_zero:
            say(f"\na callback has stopped training after update {model.updates:,}")
        model.interrupted = any_rank(model.interrupted or trainer.should_stop)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.model.interrupted and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self.model.interrupted:
            say("\ninterrupted: finishing and storing the current update (press Ctrl-C again to stop at once)")
        self.model.interrupted = True
