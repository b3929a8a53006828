"""How far the run is, for the person in front of the terminal."""

import sys
from collections.abc import Sequence
from time import monotonic, time

from pytorch_lightning import Trainer
from tqdm import tqdm

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.measure import Measure
from saddle.models.base import GenerativeModel
from saddle.runs.sweep_position import SweepPosition

SECONDS_BETWEEN_LINES = 15.0
TELLING = 20
"""Updates after which the time left can be told."""


class Progress(BundledCallback):
    """A bar on a terminal, a line now and then elsewhere: updates, rate, time left of the run and of its sweep.

    Args:
        updates: of the whole run.
        title: what the run is called.
        place: in a sweep.
        measure: where the newest readings are.
        names: which of them to show.
    """

    def __init__(
        self, *, updates: int, title: str, place: SweepPosition | None, measure: Measure, names: Sequence[str]
    ) -> None:
        self.updates, self.title, self.place, self.measure, self.names = updates, title, place, measure, names
        self.terminal = sys.stderr.isatty() or "ipykernel" in sys.modules  # a notebook shows a bar as well
        self.bar: tqdm | None = None

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self.first, self.started, self.spoke = model.updates, monotonic(), monotonic()
        self.spoken = False
        if self.terminal:
            shape = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} updates {postfix}"
            self.bar = tqdm(total=self.updates, initial=self.first, desc=self.title, bar_format=shape, leave=True)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        state = self.state(model.updates)
        if self.bar is not None:
            self.bar.n = model.updates
            self.bar.set_postfix_str(state)
        elif self.speaks(model.updates):
            self.spoken, self.spoke = True, monotonic()
            print(f"{self.title}  {model.updates:,}/{self.updates:,} updates  {state}", file=sys.stderr, flush=True)

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if self.bar is not None:
            self.bar.close()

    def on_exception(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def speaks(self, updates: int) -> bool:
        """Whether a line is due: as soon as the time left can be told, then every 15 seconds, and at the end."""
        told = self.spoken or updates - self.first < TELLING
        return not told or monotonic() - self.spoke > SECONDS_BETWEEN_LINES or updates == self.updates

    def state(self, updates: int) -> str:
        """Rate, time left and the newest numbers."""
        seconds = monotonic() - self.started
        done = updates - self.first
        left = seconds / done * (self.updates - updates)
        sweep = f", sweep {_clock(self.left_of_sweep(self.place, left, seconds / done))}" if self.place else ""
        shown = {name: self.measure.latest[name] for name in self.names if name in self.measure.latest}
        numbers = "  ".join(f"{name} {number:.4g}" for name, number in shown.items())
        return f"{done / seconds:.1f}/s  left {_clock(left)}{sweep}  {numbers}"

    def left_of_sweep(self, place: SweepPosition, left: float, per_update: float) -> float:
        """Seconds until the last job ends: those to come start and evaluate as well, as this one did.

        Args:
            left: seconds that this job still needs.
            per_update: seconds; those to come also do the updates that a run which is gone on with has behind it.
        """
        return place.left(left, time() - place.began + left + per_update * self.first)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
