"""Storing the weights with which a run can be sampled, during training and at its end."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pytorch_lightning import Trainer

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.measure import Reading
from saddle.models.base import GenerativeModel
from saddle.runs.folder import RunFolder
from saddle.runs.weights import BEST, LAST, packed


class Snapshots(BundledCallback):
    """Stores the weights of the last state whenever a checkpoint is stored, and those of the best state.

    The best state is the one whose evaluation has the best value of the main metric so far, the latest of equal ones,
    as `summary.json` calls it. It is selected by the numbers by which runs are compared, and thus biased.

    A resumed run stores the weights of its state again: it may have ended between the state and its weights.

    Args:
        folder: folder of the run.
        recipe: plain values from which the network of the weights can be built.
        keep: which others are kept: `best` none, `all` each checkpoint's, a number that many of the newest.
        metric: name of the main metric; None without an evaluator.
        higher_is_better: direction of the main metric.
        logged: updates -> value of the main metric, in the evaluations before the run was resumed.
        readings: function that returns the readings of this update.
    """

    def __init__(
        self,
        *,
        folder: RunFolder,
        recipe: Mapping[str, Any],
        keep: Literal["best", "all"] | int,
        metric: str | None,
        higher_is_better: bool,
        logged: Mapping[int, float],
        readings: Callable[[], Mapping[str, Reading]],
    ) -> None:
        self.folder, self.recipe = folder, recipe
        self.keep, self.metric, self.readings = keep, metric, readings
        self.sign = -1 if higher_is_better else 1
        values = {at: self.sign * value for at, value in logged.items() if value == value}  # NaN is never the best
        self.best = min(values.values(), default=None)
        self.best_updates = max((at for at, value in values.items() if value == self.best), default=None)

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if model.updates:
            self.save(model)
        if model.updates == self.best_updates:
            self._save(BEST, model)
        self._save_best(model)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        self._save_best(model)

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self._save(LAST, model)

    def save(self, model: GenerativeModel) -> None:
        """Store the weights of a checkpoint."""
        self._save(LAST, model)
        if self.keep == BEST:
            return
        self._save(str(model.updates), model)
        if isinstance(self.keep, int):
            self.folder.weights.prune(self.keep)

    def _save_best(self, model: GenerativeModel) -> None:
        value = self.readings().get(self.metric) if self.metric else None
        if not isinstance(value, float | int) or value != value:  # NaN is never the best
            return
        if self.best is None or self.sign * value <= self.best:
            self.best = self.sign * value
            self._save(BEST, model)

    def _save(self, state: str, model: GenerativeModel) -> None:
        state_dict = model.sampling_module().state_dict()
        tensors = {
            name: tensor.detach().cpu().clone().contiguous() for name, tensor in state_dict.items()
        }  # none shared
        self.folder.save_weights(state, packed(tensors, model.updates))
        if state == LAST:
            self.folder.write_recipe({**self.recipe, "updates": model.updates})
