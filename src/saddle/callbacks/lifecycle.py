"""The status of a run in its folder (running, finished, failed or interrupted) and its final weights."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.models.base import GenerativeModel
from saddle.processes.rank_launcher import RankDiedError
from saddle.runs.folder import RunFolder
from saddle.runs.weights import sealed_weights


class Lifecycle(BundledCallback):
    """Keeps `status.json` up to date during the run, and at its end stores the weights that `sample` draws with.

    Args:
        folder: run folder.
        seconds: duration of the run before it was resumed.
        recipe: plain values from which the network that `sample` draws with can be built.
    """

    def __init__(self, *, folder: RunFolder, seconds: float, recipe: Mapping[str, Any]) -> None:
        self.folder, self.recipe, self._seconds_before = folder, recipe, seconds

    @property
    def seconds(self) -> float:
        """Wall-clock time of training and of the evaluations after the first update, without interruptions."""
        return self._seconds_before + monotonic() - self.started

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self.started = monotonic()
        self.folder.mark("running", updates=model.updates)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        self.folder.beat(updates=model.updates)

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if model.interrupted:
            self.folder.mark("interrupted", updates=model.updates)
            return
        weights = {name: tensor.cpu().contiguous() for name, tensor in model.sampling_module().state_dict().items()}
        self.folder.save_model(sealed_weights(weights), {**self.recipe, "updates": model.updates})

    def on_exception(self, trainer: Trainer, model: GenerativeModel, exception: BaseException) -> None:  # type: ignore[override]  # ours, not any
        """Store the status in those cases in which the caller may not get the chance.

        Lightning exits by itself on Ctrl-C, and rank 0 may wait forever for a rank that died.
        """
        if isinstance(exception, KeyboardInterrupt):
            self.folder.mark("interrupted", updates=model.updates)
        elif isinstance(exception, RankDiedError):
            self.folder.mark("failed", error=str(exception), updates=model.updates)
