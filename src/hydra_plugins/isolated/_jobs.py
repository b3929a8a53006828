"""A sweep's jobs, one after the other, each in a process of its own."""

import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from saddle.child import Child, cause_of
from saddle.report.comparison import closing_words, write_comparison
from saddle.report.rows import read_rows
from saddle.report.table import terminal
from saddle.report.text import duration
from saddle.runs.folder import RunFolder
from saddle.runs.naming import job_names, sweep_name
from saddle.runs.place import Place
from saddle.runs.status import Status
from saddle.runs.sweep import write_sweep


@dataclass(kw_only=True)
class Job:
    """One job: where it writes, what it changes, and how it ended."""

    run: RunFolder
    overrides: list[str]
    state: str = "not started"
    cause: str = ""
    last_words: list[str] = field(default_factory=list)


class Jobs:
    """Runs the jobs of a sweep and reports.

    Args:
        overrides: of each job.
        root: `runs/`; the sweep's folder lies in it.
        name: of the sweep, if one was given.
        fresh: whether each job begins again, so that none is skipped as finished.
        program: how a job is started.
        flags: what every job is told beside its overrides.
    """

    def __init__(
        self,
        *,
        overrides: list[list[str]],
        root: Path,
        name: str | None,
        fresh: bool,
        program: list[str],
        flags: list[str],
    ):
        self.folder = root / sweep_name(overrides, name)
        names = job_names(overrides)
        self.jobs = [
            Job(run=RunFolder(self.folder / name), overrides=job) for name, job in zip(names, overrides, strict=True)
        ]
        self.fresh = fresh
        self.program = program
        self.flags = flags

    def run(self) -> int:
        """Run all jobs; the exit code: 0, 1 if a job failed, 130 if the sweep was interrupted."""
        self._announce()
        write_sweep(self.folder, self._content())
        interrupted = False
        with _signals_interrupt():
            try:
                for index, job in enumerate(self.jobs):
                    self._run_job(index, job)
            except KeyboardInterrupt:
                interrupted = True
        write_sweep(self.folder, self._content())  # the newest sweep is the one whose file changed last
        self._report()
        return 130 if interrupted else int(any(job.state != "finished" for job in self.jobs))

    def _announce(self) -> None:
        jobs = f"{len(self.jobs)} job{'s' * (len(self.jobs) > 1)}"
        _say(f"Sweep {self.folder}: {jobs}, one after the other, each in its own process")
        for number, job in enumerate(self.jobs, 1):
            _say(f"  {number}  {job.run.job}  {'(finished before)' if self._skips(job) else ''}".rstrip())

    def _run_job(self, index: int, job: Job) -> None:
        to_come = sum(not self._skips(later) for later in self.jobs[index + 1 :])
        place = Place(job=index + 1, jobs=len(self.jobs), to_come=to_come)
        _say(f"\nJob {place.job} of {place.jobs}: {job.run.job}")
        before, began = job.run.status(), time.monotonic()
        path = str(job.run.path).replace("\\", "\\\\").replace('"', '\\"')
        command = [*self.program, *self.flags, *job.overrides, "hydra.mode=RUN", f'hydra.run.dir="{path}"']
        child = Child(command, place.environment())
        try:
            code = child.wait()
        except KeyboardInterrupt:
            _say("\nInterrupted: waiting for the job to end (Ctrl-C again: at once)")
            child.stop()
            job.state = "interrupted"
            left = job.run.status()
            if left.died or left.state == "new":
                job.run.mark("interrupted", **left.details)
            raise
        _settle(job, before, code, child.last_words())
        _say(f"Job {place.job} of {place.jobs} {job.state} after {duration(time.monotonic() - began)}: {job.run.job}")

    def _skips(self, job: Job) -> bool:
        return not self.fresh and job.run.status().state == "finished"

    def _content(self) -> dict[str, Any]:
        jobs = [{"name": job.run.job, "overrides": job.overrides, "hash": _hash(job.overrides)} for job in self.jobs]
        return {"command": shlex.join(["python", *sys.argv]), "jobs": jobs}

    def _report(self) -> None:
        rows = read_rows([job.run for job in self.jobs], {job.run.job: job.state for job in self.jobs})
        _say(f"\n{terminal(rows)}")
        failed = [job for job in self.jobs if job.state == "failed"]
        for job in failed:
            _say(f"\n{job.run.job} failed: {job.cause}")
            for line in job.last_words:
                _say(f"  | {line}")
        if any(row.metrics for row in rows):
            write_comparison(self.folder, rows)
        _say(f"\n{closing_words(self.folder, rows)}")


def _settle(job: Job, before: Status, code: int, last_words: list[str]) -> None:
    """Note how a job ended, and why if it failed. What it could not say itself is written into its status.

    A run that was finished, or that another process is at, keeps its status: this job was refused and changed nothing.
    """
    after = job.run.status()
    if code == 0 and after.state == "finished":
        job.state = "finished"
        return
    spoke = after.heartbeat != before.heartbeat and not after.died
    if spoke and after.state in ("failed", "interrupted"):
        job.state, job.cause = after.state, str(after.details.get("error") or cause_of(code, last_words))
        return
    job.state, job.cause, job.last_words = "failed", cause_of(code, last_words), last_words[-8:]
    if before.state not in ("finished", "running"):
        job.run.mark("failed", error=job.cause, last_words=last_words[-20:])


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP (a closed terminal) end a sweep in good order, as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    earlier = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _hash(overrides: list[str]) -> str:
    return blake2b(repr(sorted(overrides)).encode(), digest_size=4).hexdigest()


def _say(line: str) -> None:
    print(line, flush=True)
