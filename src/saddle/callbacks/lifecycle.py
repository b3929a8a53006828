"""What a run folder is told about its run: running, finished, failed or interrupted, and what came out."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from pytorch_lightning import Trainer
from safetensors.torch import save

from saddle.callbacks.callback_list import BundledCallback
from saddle.models.base import GenerativeModel
from saddle.processes.rank_launcher import RankDiedError
from saddle.runs.folder import RunFolder


class Lifecycle(BundledCallback):
    """Keeps `status.json` true while the run lasts, and at its end stores the weights that `sample` draws with.

    Args:
        folder: the run's.
        seconds: that earlier parts of the run took.
        recipe: how to build the network that `sample` draws with, plain values.
    """

    def __init__(self, *, folder: RunFolder, seconds: float, recipe: Mapping[str, Any]) -> None:
        self.folder, self.recipe = folder, recipe
        self.earlier = seconds

    @property
    def seconds(self) -> float:
        """Wall-clock time of the training, with the evaluations after the first update; interruptions left out."""
        return self.earlier + monotonic() - self.started

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
        self.folder.save_model(save(weights), {**self.recipe, "updates": model.updates})

    def on_exception(self, trainer: Trainer, model: GenerativeModel, exception: BaseException) -> None:  # type: ignore[override]  # ours, not any
        """Noted here and not by the caller where that may not get to it.

        Lightning turns Ctrl-C into an exit of its own, and rank 0 may be waiting without end for a rank that died.
        """
        if isinstance(exception, KeyboardInterrupt):
            self.folder.mark("interrupted", updates=model.updates)
        elif isinstance(exception, RankDiedError):
            self.folder.mark("failed", error=str(exception), updates=model.updates)
