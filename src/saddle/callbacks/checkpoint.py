"""Storing and restoring the state of a run, from which training resumes bit for bit."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback, user_callbacks
from saddle.callbacks.snapshots import Snapshots
from saddle.models.base import GenerativeModel
from saddle.runs.checkpoints import Checkpoints, storable


class Checkpoint(BundledCallback):
    """Stores the state every `every` updates, at the end, and when the run is interrupted or fails between updates.

    Everything that training draws is a function of (seed, update), so the state consists of parameters, buffers,
    optimisers, the clock, the means that were not logged yet, and of each of the user's callbacks its `state_dict` and
    what its `on_save_checkpoint` adds. It contains neither the state of a random generator nor a position in a data
    loader.

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
        _callback_states(trainer, model)  # a state that could not be read again is refused before training

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        if model.updates % self.every == 0 or model.interrupted:
            self.save(trainer, model)

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self.save(trainer, model)

    def on_exception(self, trainer: Trainer, model: GenerativeModel, exception: BaseException) -> None:  # type: ignore[override]  # ours, not any
        """Store the state if it is that of whole updates: an evaluation or a callback failed, no step."""
        if isinstance(exception, Exception) and model.between_updates and model.updates:
            with suppress(Exception):  # the run ends with the error that is being handled
                self.save(trainer, model)

    def save(self, trainer: Trainer, model: GenerativeModel) -> None:
        """Store the state, once for each update."""
        if model.updates == self.stored:
            return
        state = {
            "updates": model.updates,
            "model": model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
            **_callback_states(trainer, model),
            "notes": model.pending_means(),
            "facts": self.facts(),
        }
        if trainer.is_global_zero:
            self.checkpoints.save(state)
            self.snapshots.save(model)
        self.stored = model.updates


def _callback_states(trainer: Trainer, model: GenerativeModel) -> dict[str, Any]:
    """The states of the user's callbacks by their keys, and what their `on_save_checkpoint` adds to a checkpoint.

    Raises:
        ValueError: a callback stores more than a checkpoint may contain.
    """
    states = {callback.state_key: callback.state_dict() for callback in user_callbacks(trainer)}
    for key, state in states.items():
        _require_storable(state, f"callback {key}: its state_dict")
    checkpoint = _lightning_checkpoint(trainer, model, {key: state for key, state in states.items() if state})
    given, added = set(checkpoint), dict[str, Any]()
    for callback in user_callbacks(trainer):
        callback.on_save_checkpoint(trainer, model, checkpoint)
        new = {key: checkpoint[key] for key in checkpoint.keys() - given - added.keys()}
        _require_storable(new, f"callback {callback.state_key}: what its on_save_checkpoint adds")
        added |= new
    return {"callbacks": checkpoint["callbacks"], "added": added}


def _require_storable(state: Any, what: str) -> None:
    if not storable(state):
        raise ValueError(f"{what} may hold only tensors, numbers, texts, lists and dicts")


def _lightning_checkpoint(trainer: Trainer, model: GenerativeModel, callbacks: dict[str, Any]) -> dict[str, Any]:
    """What callbacks find in a checkpoint under Lightning's names; they may add entries but not replace these."""
    optimizers = [optimizer.state_dict() for optimizer in trainer.optimizers]
    return {"state_dict": model.state_dict(), "optimizer_states": optimizers, "callbacks": callbacks}


class RestoredState(BundledCallback):
    """Restores callbacks before they act, and optimisers as soon as they exist.

    Args:
        state: the stored state; None for a run from the beginning.
    """

    def __init__(self, state: dict[str, Any] | None) -> None:
        self.optimizers = [] if state is None else state["optimizers"]
        self.callbacks = {} if state is None else state.get("callbacks", {})  # Saddle 0.2 stored none
        self.added = None if state is None else state.get("added", {})

    def on_fit_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if self.added is None:
            return
        checkpoint = {**_lightning_checkpoint(trainer, model, self.callbacks), **self.added}
        checkpoint["optimizer_states"] = self.optimizers  # the optimisers do not exist yet
        for callback in user_callbacks(trainer):
            callback.on_load_checkpoint(trainer, model, checkpoint)
        for callback in user_callbacks(trainer):
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
