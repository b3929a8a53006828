"""Storing and restoring the state of a run, from which training resumes bit for bit."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.snapshots import Snapshots
from saddle.models.base import GenerativeModel
from saddle.runs.checkpoints import Checkpoints, storable


class Checkpoint(BundledCallback):
    """Stores the state every `every` updates, at the end, and when the run is interrupted.

    Everything that training draws is a function of (seed, update), so the state consists of parameters, buffers,
    optimisers, the clock, the means that were not logged yet, and the `state_dict` of each of the user's callbacks. It
    contains neither the state of a random generator nor a position in a data loader.

    It acts after the instruments of the same update. A log that is cut to the checkpoint's updates thus has the
    readings of all updates until then, each once.

    Args:
        checkpoints: the stored states of the run.
        snapshots: the weights that are stored with each of them.
        every: updates between two states.
        stored: updates of the state from which the run resumed; None for a run from the beginning.
        facts: function that returns the plain values that must be unchanged when the run is resumed.
    """

    def __init__(
        self,
        *,
        checkpoints: Checkpoints,
        snapshots: Snapshots,
        every: int,
        stored: int | None,
        facts: Callable[[], dict[str, Any]],
    ) -> None:
        self.checkpoints, self.snapshots = checkpoints, snapshots
        self.every, self.stored, self.facts = every, stored, facts

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        _callback_states(trainer)  # a state that could not be read again is refused before training

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        if model.updates % self.every == 0 or model.interrupted:
            self.save(trainer, model)

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self.save(trainer, model)

    def save(self, trainer: Trainer, model: GenerativeModel) -> None:
        """Store the state, once for each update."""
        if model.updates == self.stored:
            return
        state = {
            "updates": model.updates,
            "model": model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
            "callbacks": _callback_states(trainer),
            "notes": model.pending_means(),
            "facts": self.facts(),
        }
        if trainer.is_global_zero:
            self.checkpoints.save(state)
            self.snapshots.save(model)
        self.stored = model.updates


def _callback_states(trainer: Trainer) -> dict[str, Any]:
    """State key -> state of each callback that has one.

    Raises:
        ValueError: a state holds more than a checkpoint may contain.
    """
    states = {callback.state_key: callback.state_dict() for callback in trainer.callbacks}  # type: ignore[attr-defined]  # a list that Lightning does not annotate
    for key, state in states.items():
        if not storable(state):
            raise ValueError(f"callback {key}: its state_dict may hold only tensors, numbers, texts, lists and dicts")
    return {key: state for key, state in states.items() if state}


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
