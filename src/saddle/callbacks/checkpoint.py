"""Checkpoints of a run, from which training resumes bit for bit."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.models.base import GenerativeModel
from saddle.runs.checkpoints import Checkpoints


class Checkpoint(BundledCallback):
    """Stores the state every `every` updates, at the end, and when the run is interrupted.

    Everything that training draws is a function of (seed, update), so the state consists of parameters, buffers,
    optimisers, the clock, the means that were not logged yet, and the `state_dict` of each of the user's callbacks. It
    contains neither the state of a random generator nor a position in a data loader.

    It acts after the instruments of the same update. A log that is cut to the checkpoint's updates thus has the
    readings of all updates until then, each once.

    Args:
        checkpoints: the stored states of the run.
        every: updates between two states.
        stored: updates of the state from which the run resumed; None for a run from the beginning.
        facts: function that returns the plain values that must be unchanged when the run is resumed.
    """

    def __init__(
        self,
        *,
        checkpoints: Checkpoints,
        every: int,
        stored: int | None,
        facts: Callable[[], dict[str, Any]],
    ) -> None:
        self.checkpoints, self.every, self.stored, self.facts = checkpoints, every, stored, facts

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
            "callbacks": {
                callback.state_key: state for callback in trainer.callbacks if (state := callback.state_dict())
            },  # type: ignore[attr-defined]
            "notes": model.pending_means(),
            "facts": self.facts(),
        }
        if trainer.is_global_zero:
            self.checkpoints.save(state)
        self.stored = model.updates
