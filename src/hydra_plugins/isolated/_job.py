"""One job of a sweep: where it writes, what it changes, and how it result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig

from saddle.engine.existing_run import holds_same_run
from saddle.processes.job_process import cause_of
from saddle.runs.folder import RunFolder
from saddle.runs.status import Status

REFUSED = 2
"""Exit code of a job that has changed nothing, because something is wrong with what it was asked for."""


@dataclass(kw_only=True)
class Job:
    """One job.

    Attributes:
        before: how its run stood when the sweep began.
        state: "not started", or how it result.
        began: when, of the monotonic clock.
    """

    number: int
    run: RunFolder
    overrides: list[str]
    cfg: DictConfig
    before: Status
    state: str = "not started"
    cause: str = ""
    last_words: list[str] = field(default_factory=list)
    began: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether it has ended, or need not begin."""
        return self.state != "not started"

    def adopt(self, retry_failed: bool) -> None:
        """Take over how its run ended before, where that answers what is asked now.

        One with other settings is started: it refuses to overwrite what is there, and says in what they differ.
        """
        skipped = ("finished",) if retry_failed else ("finished", "failed")
        if self.before.state in skipped and holds_same_run(self.cfg, self.run):
            self.state = self.before.state
            if self.state == "failed":
                self.cause = _first(self.before.details) or "it did not say why"

    def record_result(self, code: int, last_words: list[str]) -> None:
        """Note how it ended, and why if it failed. What it could not say itself is written into its run's status.

        A job that was refused has changed nothing, and so does this.
        """
        before, after = self.before, self.run.status()
        if code == REFUSED and after.state == "running":
            self.state, self.cause = "running", "another process trains it right now"
            return
        if code == 0 and after.state == "finished":
            self.state = "finished"
            return
        spoke = after.heartbeat != before.heartbeat and not after.died
        if spoke and after.state in ("failed", "interrupted"):
            self.state, self.cause = after.state, _first(after.details) or cause_of(code, last_words)
            return
        self.state, self.cause = "failed", cause_of(code, last_words)
        self.last_words = [line for line in last_words[-8:] if line != self.cause]
        if code != REFUSED and before.state not in ("finished", "running"):
            self.run.mark("failed", error=self.cause, last_words=last_words[-20:])

    def interrupt(self) -> None:
        """Note that it was interrupted, for a run that could not say so itself."""
        self.state = "interrupted"
        left = self.run.status()
        if left.died or left.state == "new":
            self.run.mark("interrupted", **left.details)


def _first(details: Mapping[str, Any]) -> str:
    """The first line of the error that a run said it ended with; the others, fifty files perhaps, stay with the run."""
    return str(details.get("error") or "").partition("\n")[0].rstrip(":")
