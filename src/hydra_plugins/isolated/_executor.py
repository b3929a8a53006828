"""Executors of a sweep's jobs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omegaconf import DictConfig

from saddle.runs.sweep_position import SweepPosition


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """The end of a job: its number, its exit code (negative for a signal), and the last lines of its error stream."""

    number: int
    code: int
    last_words: list[str] = field(default_factory=list)


class Executor(ABC):
    """Runs jobs, some of them at a time.

    Attributes:
        at_a_time: number of jobs that may run at a time; None if the executor decides.
        sharing: number of jobs that share one machine.
        manner: description of the execution, which continues "Sweep runs/x: 5 jobs, ".
    """

    at_a_time: int | None
    sharing: int
    manner: str

    @abstractmethod
    def start(self, command: Sequence[str], position: SweepPosition, cfg: DictConfig, env: Mapping[str, str]) -> str:
        """Start a job; returns where to follow it, or nothing if its output is shown.

        Args:
            command: program and arguments.
            position: position of the job in the sweep.
            cfg: configuration of the job.
            env: environment variables in addition to those of this process and of the position.
        """

    @abstractmethod
    def wait(self) -> JobResult:
        """Wait until a job ends."""

    @abstractmethod
    def stop(self) -> None:
        """Ask all running jobs to store their state and end, and wait for them; kill them on a second interrupt."""
