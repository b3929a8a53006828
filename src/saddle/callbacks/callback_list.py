"""One callback that bundles all of Saddle's own for Lightning; other callbacks are passed to Lightning unchanged."""

from collections.abc import Callable, Sequence
from typing import Any

from pytorch_lightning import Callback, Trainer

from saddle.callbacks.clocked import ClockedLogger
from saddle.models.base import GenerativeModel

HOOKS = ("on_fit_start", "on_train_start", "on_train_batch_end", "on_train_end", "on_exception")
"""The hooks that a bundled callback may have."""


class BundledCallback(Callback):
    """A callback that has no other hooks than `HOOKS`.

    Raises:
        TypeError: a subclass has another hook, which would never be called.
    """

    def __init_subclass__(cls) -> None:
        hooks = [name for name in dir(Callback) if name.startswith(("on_", "setup", "teardown"))]
        for name in hooks:
            if name not in HOOKS and getattr(cls, name) is not getattr(Callback, name):
                raise TypeError(f"{cls.__name__} has the hook {name}; bundled callbacks have only {', '.join(HOOKS)}")


def bundled(callbacks: Sequence[Callback]) -> list[Callback]:
    """The bundled callbacks as one, followed by the others with all their hooks, both in their order."""
    own = [callback for callback in callbacks if isinstance(callback, BundledCallback)]
    return [CallbackList(own), *(callback for callback in callbacks if not isinstance(callback, BundledCallback))]


def user_callbacks(trainer: Trainer) -> list[Callback]:
    """The callbacks that the user chose, in their order."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # a list that Lightning does not annotate
    return [callback for callback in callbacks if not isinstance(callback, CallbackList)]


def _forwarded(hook: str) -> Callable[..., None]:
    def call_all(self: "CallbackList", *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)

    return call_all


class CallbackList(Callback):
    """Calls several callbacks in their order.

    Lightning goes through its list of callbacks three times in every step of an optimiser, for hooks that none of
    Saddle's callbacks has, which slows a small game down. This class also sets the step at which Lightning and its
    callbacks log to the number of updates, before any callback acts: Lightning itself counts calls of `training_step`.
    """

    on_fit_start = _forwarded("on_fit_start")
    on_train_start = _forwarded("on_train_start")
    on_train_end = _forwarded("on_train_end")
    on_exception = _forwarded("on_exception")

    def __init__(self, callbacks: Sequence[BundledCallback]) -> None:
        self.callbacks = list(callbacks)

    def setup(self, trainer: Trainer, model: GenerativeModel, stage: str) -> None:  # type: ignore[override]  # ours, not any
        for logger in trainer.loggers:
            if isinstance(logger, ClockedLogger):
                logger.model = model

    def on_train_batch_start(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        _log_at(trainer, model.updates)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *arguments: Any) -> None:  # type: ignore[override]  # ours, not any
        _log_at(trainer, model.updates)
        for callback in self.callbacks:
            callback.on_train_batch_end(trainer, model, *arguments)


def _log_at(trainer: Trainer, updates: int) -> None:
    trainer.fit_loop.epoch_loop._batches_that_stepped = updates
