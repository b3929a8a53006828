"""A model and its optimisers as they were when a state was stored."""

from typing import Any

from pytorch_lightning import Callback, Trainer

from saddle.models.base import GenerativeModel


class RestoredOptimizers(Callback):
    """Brings the optimisers to a stored state as soon as they are there.

    Args:
        state: None for a run from the beginning.
    """

    def __init__(self, state: dict[str, Any] | None) -> None:
        self.states = [] if state is None else state["optimizers"]

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if self.states and len(self.states) != len(trainer.optimizers):
            own = len(trainer.optimizers)
            raise ValueError(f"the checkpoint has the states of {len(self.states)} optimisers, this model has {own}")
        for optimizer, stored in zip(trainer.optimizers, self.states, strict=False):  # no states at the beginning
            optimizer.load_state_dict(stored)
        self.states = []  # their memory is not needed any more


def restore(model: GenerativeModel, state: dict[str, Any]) -> None:
    """Bring a model with fresh weights to a stored state; the optimisers follow when they are there.

    Raises:
        ValueError: the state is of another model.
    """
    try:
        model.load_state_dict(state["model"], strict=True)
    except RuntimeError as error:
        raise ValueError(f"the checkpoint does not fit the networks of this configuration: {error}") from None
    model.updates = int(state["updates"])
    model.restore_pending_means(state["notes"])
