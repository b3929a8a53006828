"""A job in a process of the cluster: starts the job's program and forwards signals to it."""

import signal
import time
from collections.abc import Sequence
from typing import Any

from submitit.helpers import DelayedSubmission

from saddle.processes.job_process import JobProcess, program

POLL_SECONDS = 0.2
"""Seconds between two signals to a program that must end."""


class Task:
    """A job's command line, which the scheduler calls; returns the exit code and the last lines of the error stream.

    On SIGTERM (the job is cancelled) and at the time limit (when submitit calls `checkpoint`), the program finishes its
    update and stores its state. At the time limit the job is then queued again to resume from that state.
    """

    def __init__(self, command: Sequence[str], variables: dict[str, str]):
        self.command, self.variables = list(command), variables
        self.child: JobProcess | None = None

    def __call__(self) -> tuple[int, list[str]]:
        time_is_up = signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # SLURM sends it to all; it would kill the program
        self.child = child = JobProcess(program(self.command), self.variables)
        signal.signal(signal.SIGUSR2, time_is_up)
        signal.signal(signal.SIGTERM, lambda *_: child.send(signal.SIGTERM))
        return child.wait(), child.last_words()

    def checkpoint(self) -> DelayedSubmission:
        """The same task for the queue, after the program has stored its state."""
        while self.child is not None and not self.child.ended():
            self.child.send(signal.SIGTERM)
            time.sleep(POLL_SECONDS)
        return DelayedSubmission(Task(self.command, self.variables))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "child": None}
