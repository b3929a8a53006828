"""Runs the jobs of a sweep, and reports them from the first line on the terminal to the final comparison."""

import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from hydra_plugins.isolated._executor import Executor, JobResult
from hydra_plugins.isolated._job import Job
from saddle.engine.existing_run import mismatch, other_code
from saddle.processes.streams import printable
from saddle.report.closing import closing_words, difference_text
from saddle.report.comparison import read_comparison
from saddle.report.files import write_comparison
from saddle.report.table import terminal
from saddle.report.text import duration
from saddle.runs.commands import command_line
from saddle.runs.folder import RunFolder
from saddle.runs.naming import grown_names, job_names, sweep_name
from saddle.runs.sweep import jobs_of, write_sweep
from saddle.runs.sweep_position import SweepPosition, job_variables

SINGLE = "single"
"""Folder of the runs outside a sweep, see `conf/train.yaml`."""


class Jobs:
    """Runs the jobs of a sweep and reports.

    Args:
        overrides: overrides of each job.
        configs: composed configuration of each job.
        root: `runs/`, the parent of the sweep's folder.
        name: name of the sweep, if given.
        fresh: whether every job begins again, so that none is skipped.
        retry_failed: whether jobs that failed before are repeated.
        program: start of the command line of a job.
        flags: arguments of every job in addition to its overrides.
        hands_over: whether jobs receive their configuration and do not compose it again.
    """

    def __init__(
        self,
        *,
        overrides: list[list[str]],
        configs: Sequence[DictConfig],
        root: Path,
        name: str | None,
        fresh: bool,
        retry_failed: bool,
        program: list[str],
        flags: list[str],
        hands_over: bool,
    ):
        self.folder = root / sweep_name(overrides, name)
        if self.folder.name.casefold() == SINGLE:
            raise ValueError(f"name={name}: {self.folder} is the folder of single runs; choose another name")
        self.jobs = []
        listed = {job: entry.get("overrides", []) for job, entry in jobs_of(self.folder).items()}
        names = grown_names(overrides, listed) if name else job_names(overrides)
        for number, (job_name, job_overrides, cfg) in enumerate(zip(names, overrides, configs, strict=True), 1):
            run = RunFolder(self.folder / job_name)
            self.jobs.append(Job(number=number, run=run, overrides=job_overrides, cfg=cfg, before=run.status()))
        self.program = program
        self.flags, self.hands_over = flags, hands_over
        if name and not fresh:
            self._check_folders()
        for job in [] if fresh else self.jobs:
            job.adopt(retry_failed)
        self._existing = [] if fresh else [job for job in self.jobs if job.before.state != "new"]

    def run(self, executor: Executor) -> int:
        """Run the jobs; the exit code is 0, 1 if a job failed, or 130 if the sweep was interrupted."""
        self._announce(executor)
        write_sweep(self.folder, self._content())
        interrupted = False
        with _signals_interrupt():
            try:
                self._carry_out(executor)
            except KeyboardInterrupt:
                interrupted = True
        write_sweep(self.folder, self._content())  # the newest sweep is the one whose file changed last
        self._report()
        return 130 if interrupted else int(any(job.state != "finished" for job in self.jobs))

    def _check_folders(self) -> None:
        """Refuse a named sweep whose folder contains runs with other settings, before anything is stored.

        Raises:
            ValueError: a run has other settings; the message names them for the first such run.
        """
        for job in self.jobs:
            if job.before.state != "running" and (reason := mismatch(job.cfg, job.run)):
                raise ValueError(reason)

    def _announce(self, executor: Executor) -> None:
        jobs = f"{len(self.jobs)} job{'s' * (len(self.jobs) > 1)}"
        _say(f"Sweep {self.folder}: {jobs}, {executor.manner}")
        for job in self.jobs:
            _say(f"  {job.number}  {job.run.job}  {f'({job.state} before)' if job.settled else ''}".rstrip())
        if others := self._others():
            _say(f"  and {len(others)} of earlier commands, which the comparison includes")
        if note := other_code([job.run.environment() for job in self._existing]):
            _say(f"note: {note}")

    def _carry_out(self, executor: Executor) -> None:
        waiting = deque(job for job in self.jobs if not job.settled)
        most = min(executor.at_a_time or len(self.jobs), len(self.jobs))
        rounds, started = -(-len(waiting) // most), 0
        running: dict[int, Job] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    job = waiting.popleft()
                    running[job.number] = job
                    self._start(job, executor, to_come=rounds - 1 - started // most)
                    started += 1
                result = executor.wait()
                self._end(running.pop(result.number), result)
        except KeyboardInterrupt:
            several = len(running) > 1
            _say(f"\nInterrupted: waiting for the job{'s' * several} to end (Ctrl-C again: at once)")
            executor.stop()
            for job in running.values():
                job.interrupt()
            raise

    def _start(self, job: Job, executor: Executor, to_come: int) -> None:
        sharing = min(executor.sharing, len(self.jobs))
        position = SweepPosition(
            job=job.number, jobs=len(self.jobs), to_come=to_come, side_by_side=sharing, began=time.time()
        )
        path = str(job.run.path).replace("\\", "\\\\").replace('"', '\\"')
        command = [*self.program, *self.flags, *job.overrides, "hydra.mode=RUN", f'hydra.run.dir="{path}"']
        _say(f"\nJob {job.number} of {len(self.jobs)}: {job.run.job}")
        job.began = time.monotonic()
        variables = job_variables(job.cfg, job.run) if self.hands_over else {}
        if where := executor.start(command, position, job.cfg, variables):
            _say(f"  {where}")

    def _end(self, job: Job, result: JobResult) -> None:
        job.record_result(result.code, result.last_words)
        took = duration(time.monotonic() - job.began)
        _say(f"Job {job.number} of {len(self.jobs)} {job.state} after {took}: {job.run.job}")

    def _content(self) -> dict[str, Any]:
        """The content of sweep.json, with the jobs of earlier commands first, so that the baseline stays the same."""
        entries = {job.run.job: {"name": job.run.job, "overrides": job.overrides} for job in self.jobs}
        return {"command": command_line("train"), "jobs": [*{**jobs_of(self.folder), **entries}.values()]}

    def _others(self) -> list[RunFolder]:
        """The runs of earlier commands under the same name."""
        names = {job.run.job for job in self.jobs}
        listed = [RunFolder(self.folder / name) for name in jobs_of(self.folder) if name not in names]
        return [run for run in listed if run.exists()]

    def _report(self) -> None:
        states = {job.run.job: job.state for job in self.jobs}
        by_name = {run.job: run for run in [*(job.run for job in self.jobs), *self._others()]}
        runs = [by_name[name] for name in jobs_of(self.folder) if name in by_name]
        comparison = read_comparison(self.folder, runs, states, None)
        _say(f"\n{terminal(comparison.runs)}")
        causes: dict[tuple[str, ...], list[str]] = {}
        for job in (job for job in self.jobs if job.state == "failed"):
            causes.setdefault((job.cause, *job.last_words), []).append(job.run.job)
        for (cause, *lines), failed in causes.items():
            _say(f"\n{', '.join(failed)} failed: {cause}")
            for line in lines:
                _say(f"  | {line}")
        if any(run.lines for run in comparison.runs):
            write_comparison(self.folder, comparison)
            if differences := difference_text(comparison):
                _say(f"\n{differences}".rstrip())
        _say(f"\n{closing_words(self.folder, comparison.runs)}")


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Make SIGTERM and SIGHUP (a closed terminal) end a sweep as Ctrl-C does, unless they are ignored (nohup)."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    heard = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _say(line: str) -> None:
    print(printable(line), flush=True)
