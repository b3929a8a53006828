"""The status of a run in its folder (running, finished, failed or interrupted)."""

from time import monotonic

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.models.base import GenerativeModel
from saddle.processes.rank_launcher import RankDiedError
from saddle.runs.folder import RunFolder


class Lifecycle(BundledCallback):
    """Keeps `status.json` up to date during the run.

    Args:
        folder: run folder.
        seconds: duration of the run before it was resumed.
    """

    def __init__(self, *, folder: RunFolder, seconds: float) -> None:
        self.folder, self._seconds_before = folder, seconds

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

    def on_exception(self, trainer: Trainer, model: GenerativeModel, exception: BaseException) -> None:  # type: ignore[override]  # ours, not any
        """Store the status in those cases in which the caller may not get the chance.

        Lightning exits by itself on Ctrl-C, and rank 0 may wait forever for a rank that died.
        """
        if isinstance(exception, KeyboardInterrupt):
            self.folder.mark("interrupted", updates=model.updates)
        elif isinstance(exception, RankDiedError):
            self.folder.mark("failed", error=str(exception), updates=model.updates)
