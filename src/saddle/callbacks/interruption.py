"""Ctrl-C and SIGTERM: the update is finished, the state stored, and the run can go on."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.distributed.world import any_rank
from saddle.models.base import GenerativeModel

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption(BundledCallback):
    """Ends training in good order at the first signal; a second Ctrl-C ends it at once.

    Several processes of one run agree on it after each update, and store the state of the same one.

    Args:
        model: what is trained.
    """

    def __init__(self, model: GenerativeModel) -> None:
        self.model = model

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While it lasts, signals are heard here, by nobody of Lightning, whose handlers end a run between two D steps.

        It should last until everything is stored: a signal that comes twice must not break that off. A signal that was
        ignored before, as `nohup` has it, stays so.
        """
        heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        earlier = {number: signal.signal(number, self._asked) for number in heard}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        model.interrupted = any_rank(model.interrupted)
        trainer.should_stop = model.interrupted

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self.model.interrupted and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not self.model.interrupted:
            text = "\ninterrupted: the update is finished and stored (Ctrl-C again: at once)"
            print(text, file=sys.stderr, flush=True)
        self.model.interrupted = True
