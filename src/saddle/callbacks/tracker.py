"""Loggers outside the run folder: a tracker that fails never ends a run."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any, ClassVar

from PIL.Image import Image
from pytorch_lightning.utilities import rank_zero_only

from saddle.callbacks.clocked import ClockedLogger
from saddle.callbacks.measure import Reading, numbers_and_pictures

LIMIT = 120.0
"""Seconds that a tracker may take for one row; one that stands still must not hold up training for ever."""


class Tracker(ClockedLogger, ABC):
    """Receives the numbers and grids of a run and its resolved configuration; only rank 0 writes.

    The first error of a tracker is reported and training continues without it: metrics.jsonl has every number.

    Attributes:
        title: name of the tracker in messages.
        package: optional package that the tracker needs, refused before training if it is missing; None: no package.
        path: address of the run in the tracker; None if it has none.
        limit, closing_limit: seconds that a row, or the end of the run, may take.
    """

    title: str
    package: ClassVar[str | None] = None
    path: str | None = None
    limit: float = LIMIT
    closing_limit: float = LIMIT

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._lost = False  # whether something did not reach the tracker
        self._closed = False

    @property
    def name(self) -> str:
        return self.title

    @property
    def version(self) -> str | None:
        return None

    def begin(self, updates: int) -> None:
        """Open the run before its first row, which is that of `updates`; may raise anything."""

    @abstractmethod
    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image], updates: int) -> None:
        """Write the readings after `updates` updates; may raise anything."""

    @abstractmethod
    def close(self, status: str) -> None:
        """Finish a run that was begun; `status` is "success" or how it failed; may raise anything."""

    def abandon(self) -> None:
        """End what the tracker has started in this process, after it has not answered in time."""

    def alert(self, text: str) -> None:
        """Pass a warning on to a run that was begun; trackers without warnings do nothing."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Reading], step: int | None = None) -> None:
        """Write one row: numbers and pictures after `step` updates.

        Raises:
            RuntimeError: the run is already finished.
            ValueError: `step` is missing, and nothing is trained.
        """
        updates = self.update_of(step)
        if self._lost:
            return
        if self._closed:
            raise RuntimeError(f"the {self.title} run is finished: log before finalize()")
        numbers, pictures = numbers_and_pictures(metrics)
        if not self._begun:
            self._begun = self._guarded(lambda: self.begin(updates), self.limit)
        if self._begun:
            self._guarded(lambda: self.write(numbers, pictures, updates), self.limit)

    @rank_zero_only
    def warn(self, text: str) -> None:
        """Pass a warning on, as long as the run is open."""
        if self._begun and not self._lost and not self._closed:
            self._guarded(lambda: self.alert(text), self.limit)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the constructor receives the whole configuration."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Finish the run; a second call does nothing."""
        if self._begun and not self._closed:
            self._guarded(lambda: self.close(status), self.closing_limit)
        self._closed = True

    def _guarded(self, action: Callable[[], None], limit: float) -> bool:
        """Whether the action succeeded. The tracker's first error (its service stopped, its disk is full) is reported.

        A thread carries the action out, because a service that stands still would hold this one up for ever.
        """
        errors: list[Exception] = []

        def act() -> None:
            try:
                action()
            except Exception as error:
                errors.append(error)

        thread = Thread(target=act, daemon=True, name=self.title)
        thread.start()
        thread.join(limit)
        if thread.is_alive():
            errors.append(TimeoutError(f"it has not answered for {limit:,.0f} s"))
            self.abandon()
            self._closed = True
        if errors and not self._lost:
            say(
                f"{self.title} failed and receives no more of this run ({brief(errors[0])}); training continues, "
                "metrics.jsonl has every number"
            )
        self._lost = self._lost or bool(errors)
        return not errors


def brief(error: Exception) -> str:
    """The text of an error in one line."""
    return " ".join(str(error).split())[:200]


def say(line: str) -> None:
    """Print a line on stderr."""
    print(line, file=sys.stderr, flush=True)
