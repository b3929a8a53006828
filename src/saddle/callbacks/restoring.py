"""Restoring a model, its optimisers and the user's callbacks from a stored state."""

from typing import Any

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.models.base import GenerativeModel


class RestoredState(BundledCallback):
    """Restores callbacks before they act, and optimisers as soon as they exist.

    Args:
        state: the stored state; None for a run from the beginning.
    """

    def __init__(self, state: dict[str, Any] | None) -> None:
        self.optimizers = [] if state is None else state["optimizers"]
        self.callbacks = {} if state is None else state.get("callbacks", {})  # Saddle 0.2 stored none

    def on_fit_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        for callback in trainer.callbacks:  # type: ignore[attr-defined]  # a list that Lightning does not annotate
            if callback.state_key in self.callbacks:
                callback.load_state_dict(self.callbacks[callback.state_key])

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if self.optimizers and len(self.optimizers) != len(trainer.optimizers):
            counts = f"{len(self.optimizers)} optimisers, this model has {len(trainer.optimizers)}"
            raise ValueError(f"the checkpoint has the states of {counts}")
        for optimizer, stored in zip(trainer.optimizers, self.optimizers, strict=False):  # no states at the beginning
            optimizer.load_state_dict(stored)
        self.optimizers = []  # frees their memory


def restore(model: GenerativeModel, state: dict[str, Any]) -> None:
    """Restore a model with fresh weights to a stored state; `RestoredState` restores the rest.

    Raises:
        ValueError: the state is of another model.
    """
    try:
        model.load_state_dict(state["model"], strict=True)
    except RuntimeError as error:
        raise ValueError(f"the checkpoint does not match the networks of this configuration: {error}") from None
    model.updates = int(state["updates"])
    model.restore_pending_means(state["notes"])
