"""Who carries out the jobs of a sweep."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from omegaconf import DictConfig

from saddle.runs.sweep_position import SweepPosition


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """A job that has ended: its number, its exit code (negative for a signal), the last lines of its errors."""

    number: int
    code: int
    last_words: list[str] = field(default_factory=list)


class Executor(ABC):
    """Carries out jobs, some of them at a time.

    Attributes:
        at_a_time: how many jobs may run at a time; None where that is somebody else's business.
        sharing: how many of them share one machine.
        manner: how, in words that go on "Sweep runs/x: 5 jobs, ".
    """

    at_a_time: int | None
    sharing: int
    manner: str

    @abstractmethod
    def start(self, command: Sequence[str], place: SweepPosition, cfg: DictConfig, variables: Mapping[str, str]) -> str:
        """Start a job; where it can be watched, if not here.

        Args:
            command: its program and arguments.
            place: its position in the sweep.
            cfg: its configuration.
            variables: of its environment, in addition to ours and to those that tell its position.
        """

    @abstractmethod
    def wait(self) -> JobResult:
        """Wait until a job ends."""

    @abstractmethod
    def stop(self) -> None:
        """Ask all that run to store where they stand and to end, and wait for it; at once if interrupted again."""
