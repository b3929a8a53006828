"""What a process of the cluster does for a job: it starts the job's program and hands signals on to it."""

import signal
import time
from collections.abc import Sequence
from typing import Any

from submitit.helpers import DelayedSubmission

from saddle.processes.job_process import JobProcess, program

LOOK_EVERY = 0.2
"""Seconds between two looks at a program that was asked to end."""


class Task:
    """A job's command line, to be called where the scheduler starts it; ends with the exit code and the last words.

    SIGTERM (somebody cancels the job) and the scheduler's sign that time is up (`checkpoint`, which submitit asks for
    by this name) let the program finish its update and store it. Then the second queues it again, to go on from there.
    """

    def __init__(self, command: Sequence[str], variables: dict[str, str]):
        self.command, self.variables = list(command), variables
        self.child: JobProcess | None = None

    def __call__(self) -> tuple[int, list[str]]:
        time_is_up = signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # SLURM sends it to all; the program would die of it
        self.child = child = JobProcess(program(self.command), self.variables)
        signal.signal(signal.SIGUSR2, time_is_up)
        signal.signal(signal.SIGTERM, lambda *_: child.send(signal.SIGTERM))
        return child.wait(), child.last_words()

    def checkpoint(self) -> DelayedSubmission:
        """The same again, when the program has stored where it stands."""
        while self.child is not None and not self.child.ended():
            self.child.send(signal.SIGTERM)
            time.sleep(LOOK_EVERY)
        return DelayedSubmission(Task(self.command, self.variables))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "child": None}
