"""Saddle's own callbacks as one for Lightning; other callbacks are handed to Lightning as they are."""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning import Callback, Trainer

from saddle.models.base import GenerativeModel

HOOKS = ("on_fit_start", "on_train_start", "on_train_batch_end", "on_train_end", "on_exception")
"""The hooks that a bundled callback may have."""


class BundledCallback(Callback):
    """A callback that has no hooks but `HOOKS`; those that are measured or stored at an update act after it.

    Raises:
        TypeError: a subclass has another hook, which would never be called.
    """

    def __init_subclass__(cls) -> None:
        every = [name for name in dir(Callback) if name.startswith(("on_", "setup", "teardown"))]
        for name in every:
            if name not in HOOKS and getattr(cls, name) is not getattr(Callback, name):
                raise TypeError(f"{cls.__name__} has the hook {name}; bundled callbacks have only {', '.join(HOOKS)}")

    def on_fit_start(self, trainer: Trainer, model: GenerativeModel) -> None: ...  # type: ignore[override]  # ours, not any

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None: ...  # type: ignore[override]  # as above

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None: ...  # type: ignore[override]  # as above

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None: ...  # type: ignore[override]  # as above

    def on_exception(self, trainer: Trainer, model: GenerativeModel, exception: BaseException) -> None: ...  # type: ignore[override]  # as above


def bundled(callbacks: Sequence[Callback]) -> list[Callback]:
    """The bundled callbacks as one, and then the others with all their hooks, both in their order."""
    ours = [callback for callback in callbacks if isinstance(callback, BundledCallback)]
    return [CallbackList(ours), *(callback for callback in callbacks if not isinstance(callback, BundledCallback))]


class CallbackList(Callback):
    """Calls several callbacks in their order.

    Lightning goes through its list of callbacks three times in every step of an optimiser, for hooks that none of
    Saddle's has, which slows a small game down. Before anybody else acts, it also sets the step at which
    Lightning and its callbacks log to the number of updates: Lightning counts calls of `training_step`.
    """

    def __init__(self, callbacks: Sequence[BundledCallback]) -> None:
        self.callbacks = list(callbacks)

    def on_fit_start(self, *arguments: Any) -> None:
        for callback in self.callbacks:
            callback.on_fit_start(*arguments)

    def on_train_start(self, *arguments: Any) -> None:
        for callback in self.callbacks:
            callback.on_train_start(*arguments)

    def on_train_batch_start(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        _log_at(trainer, model.updates)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *arguments: Any) -> None:  # type: ignore[override]  # ours, not any
        _log_at(trainer, model.updates)
        for callback in self.callbacks:
            callback.on_train_batch_end(trainer, model, *arguments)

    def on_train_end(self, *arguments: Any) -> None:
        for callback in self.callbacks:
            callback.on_train_end(*arguments)

    def on_exception(self, *arguments: Any) -> None:
        for callback in self.callbacks:
            callback.on_exception(*arguments)


def _log_at(trainer: Trainer, updates: int) -> None:
    trainer.fit_loop.epoch_loop._batches_that_stepped = updates
