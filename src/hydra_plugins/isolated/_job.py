"""One job of a sweep: its run, its configuration, and how it ended."""

from dataclasses import dataclass, field

from omegaconf import DictConfig

from saddle.engine.existing_run import holds_same_run
from saddle.processes.job_process import cause_of
from saddle.runs.folder import RunFolder
from saddle.runs.status import Status

REFUSED = 2
"""Exit code of a job that was refused and has changed nothing."""


@dataclass(kw_only=True)
class Job:
    """One job.

    Attributes:
        before: status of its run when the sweep began.
        state: "not started", or the state in which it ended.
        began: start of the job by the monotonic clock, in seconds.
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
        """Whether the job has ended or need not start."""
        return self.state != "not started"

    def adopt(self, retry_failed: bool) -> None:
        """Take over the state of the run if it is finished, or has failed before and is not to be retried.

        A run with other settings is started: the job refuses to overwrite it, and reports the differences.
        """
        skipped = ("finished",) if retry_failed else ("finished", "failed")
        if self.before.state in skipped and holds_same_run(self.cfg, self.run):
            self.state = self.before.state
            if self.state == "failed":
                self.cause = self.before.error or "it did not report a cause"

    def record_result(self, code: int, last_words: list[str]) -> None:
        """Record how the job ended, and the cause of a failure; store it if the job could not do so itself.

        Nothing is stored for a job that was refused.
        """
        before, after = self.before, self._present()
        if code == REFUSED and after.state == "running":
            self.state, self.cause = "running", "another process trains it right now"
            return
        if code == 0 and after.state == "finished":
            self.state = "finished"
            return
        reported = after.heartbeat != before.heartbeat and not after.died
        if reported and after.state in ("failed", "interrupted"):
            self.state, self.cause = after.state, after.error or cause_of(code, last_words)
            return
        self.state, self.cause = "failed", cause_of(code, last_words)
        self.last_words = [line for line in last_words[-8:] if line != self.cause]
        if code != REFUSED and before.state not in ("finished", "running"):
            self.run.mark("failed", error=self.cause, last_words=last_words[-20:])

    def interrupt(self) -> None:
        """Record that the job was interrupted, and store it if the run could not do so itself."""
        self.state = "interrupted"
        status = self._present()
        if status.died or status.state == "new":
            self.run.mark("interrupted", **status.details)

    def _present(self) -> Status:
        """The status of its run; "failed" if that cannot be read, which must not end the other jobs."""
        try:
            return self.run.status()
        except (ValueError, OSError) as error:
            return Status(state="failed", details={"error": str(error)})
