"""Several callbacks as one."""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

HOOKS = ("on_train_start", "on_train_batch_end", "on_train_end", "on_exception")
"""What a callback here may act at."""


class CallbackList(Callback):
    """Calls `callbacks` in their order, at `HOOKS` alone.

    Lightning goes through its list of callbacks three times in every step of an optimiser, for hooks that none of them
    has, which a small game feels.

    Raises:
        ValueError: one of them acts at another moment.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = list(callbacks)
        every = [name for name in dir(Callback) if name.startswith(("on_", "setup", "teardown"))]
        for callback in self.callbacks:
            for name in every:
                if name not in HOOKS and getattr(type(callback), name) is not getattr(Callback, name):
                    raise ValueError(f"{type(callback).__name__} acts at {name}; callbacks act at {', '.join(HOOKS)}")

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        for callback in self.callbacks:
            callback.on_train_start(trainer, model)

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_end(trainer, model, outputs, batch, batch_idx)

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        for callback in self.callbacks:
            callback.on_train_end(trainer, model)

    def on_exception(self, trainer: Trainer, model: LightningModule, exception: BaseException) -> None:
        for callback in self.callbacks:
            callback.on_exception(trainer, model, exception)
