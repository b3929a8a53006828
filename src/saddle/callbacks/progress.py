"""The progress of a run on the terminal or in a notebook."""

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
ESTIMABLE = 20
"""Number of updates after which the time left can be estimated."""


class Progress(BundledCallback):
    """Shows updates, rate and the time left of the run and its sweep: a bar on a terminal, lines elsewhere.

    Args:
        updates: total number of updates in the run.
        title: name of the run.
        position: position of the run in its sweep; None for a single run.
        measure: source of the newest readings.
        names: names of the readings to show.
    """

    def __init__(
        self, *, updates: int, title: str, position: SweepPosition | None, measure: Measure, names: Sequence[str]
    ) -> None:
        self.updates, self.title, self.position, self.measure, self.names = updates, title, position, measure, names
        self.terminal = sys.stderr.isatty() or "ipykernel" in sys.modules  # a notebook shows a bar as well
        self.bar: tqdm | None = None

    def on_train_start(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        self.first, self.started = model.updates, monotonic()
        self.printed_at: float | None = None
        if self.terminal:
            shape = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} updates {postfix}"
            self.bar = tqdm(total=self.updates, initial=self.first, desc=self.title, bar_format=shape, leave=True)

    def on_train_batch_end(self, trainer: Trainer, model: GenerativeModel, *_: object) -> None:  # type: ignore[override]  # ours, not any
        state = self.state(model.updates)
        if self.bar is not None:
            self.bar.n = model.updates
            self.bar.set_postfix_str(state)
        elif self.line_due(model.updates):
            self.printed_at = monotonic()
            print(f"{self.title}  {model.updates:,}/{self.updates:,} updates  {state}", file=sys.stderr, flush=True)

    def on_train_end(self, trainer: Trainer, model: GenerativeModel) -> None:  # type: ignore[override]  # ours, not any
        if self.bar is not None:
            self.bar.close()

    def on_exception(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def line_due(self, updates: int) -> bool:
        """Whether a line is due: when the time left can be estimated, then every 15 seconds, and at the end."""
        if self.printed_at is None and updates - self.first >= ESTIMABLE:
            return True
        last = self.started if self.printed_at is None else self.printed_at
        return monotonic() - last > SECONDS_BETWEEN_LINES or updates == self.updates

    def state(self, updates: int) -> str:
        """Rate, time left and the newest numbers."""
        seconds = monotonic() - self.started
        done = updates - self.first
        left = seconds / done * (self.updates - updates)
        sweep = ""
        if self.position is not None:  # a later job takes as long as this one with its start and all of its updates
            whole = time() - self.position.began + left + seconds / done * self.first
            sweep = f", sweep {_clock(self.position.left(left, whole))}"
        shown = {name: self.measure.latest[name] for name in self.names if name in self.measure.latest}
        numbers = "  ".join(f"{name} {number:.4g}" for name, number in shown.items())
        return f"{done / seconds:.1f}/s  left {_clock(left)}{sweep}  {numbers}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
