"""A run's state, stored so that training goes on from it bit for bit."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import Callback, Trainer

from saddle.models.base import GenerativeModel
from saddle.runs.checkpoints import Checkpoints


class Checkpoint(Callback):
    """Stores the state every `every` updates, at the end, and where the run is interrupted.

    What training draws is a function of (seed, update), so the state is parameters, buffers, optimisers, the clock and
    the means that were not logged yet; no generator's state and no place in a data loader belong to it.

    It acts after the instruments of the same update, so that a log that is cut to the checkpoint's updates has the
    readings of all updates until then, each once.

    Args:
        checkpoints: where.
        every: updates between two states.
        stored: updates of the state that is there already, None for a run from the beginning.
        facts: gives what is stored beside it, plain values: what the run must find unchanged.
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
            "notes": model.pending_means(),
            "facts": self.facts(),
        }
        if trainer.is_global_zero:
            self.checkpoints.save(state)
        self.stored = model.updates
