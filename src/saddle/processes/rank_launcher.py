"""The processes of one run on one machine: rank 0 starts the others, and all end together."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from lightning_fabric.plugins import ClusterEnvironment
from pytorch_lightning import Trainer
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher

from saddle.processes.forked_rank import ForkedRank
from saddle.processes.job_process import JobProcess, cause_of
from saddle.processes.ranks import PARENT

GRACE = 10.0
"""Seconds after a rank's death in which rank 0 should notice it; gloo reports it at once, NCCL perhaps never."""
FAREWELL = 30.0
"""Seconds in which the other ranks must end when the work is done."""
STOPPED = 30.0
"""Seconds for which another rank may be stopped by a signal (SIGSTOP) before it counts as dead."""
ABANDONED = 75
"""Exit code of a rank that has lost the other ranks, and so is not the cause of the failure."""


class RankDiedError(RuntimeError):
    """Another process of this run has ended before the work was done."""


@dataclass(kw_only=True)
class _Rank:
    number: int
    process: JobProcess
    ended: threading.Event = field(default_factory=threading.Event)
    code: int = 0
    stopped: bool = False


class RanksLauncher(_SubprocessScriptLauncher):
    """Starts the waiting ranks 1, 2, ..., and ends the run with the cause when one of them dies.

    Lightning's launcher also kills rank 0, so that no process can report the cause, and it leaves LOCAL_RANK in the
    environment. A scheduler that starts all ranks (LOCAL_RANK is set) also supervises them.
    """

    def __init__(
        self, cluster_environment: ClusterEnvironment, num_processes: int, num_nodes: int, waiting: Sequence[ForkedRank]
    ) -> None:
        super().__init__(cluster_environment, num_processes, num_nodes)
        self._waiting = waiting
        self._ranks: list[_Rank] = []
        self._died = threading.Event()
        self._over = threading.Event()

    def launch(self, function: Callable[..., Any], *args: Any, trainer: Trainer | None = None, **kwargs: Any) -> Any:
        """`function(*args, **kwargs)` in every process.

        Raises:
            RankDiedError: another rank did not finish.
        """
        if self.cluster_environment.creates_processes_externally:
            return function(*args, **kwargs)
        try:
            self._start(trainer)
            result = function(*args, **kwargs)
            self._dismiss()
        except (RuntimeError, OSError) as error:  # a lost connection raises them
            if self._died.wait(timeout=GRACE / 2):
                raise RankDiedError(self._cause()) from error
            raise
        finally:
            self._over.set()
            self.kill(signal.SIGKILL)
        return result

    def kill(self, signum: int) -> None:
        """Send a signal to the other ranks."""
        for rank in self._ranks:
            if not rank.ended.is_set():
                rank.process.send(signum)

    def _start(self, trainer: Trainer | None) -> None:
        shared = {
            "MASTER_ADDR": self.cluster_environment.main_address,
            "MASTER_PORT": str(self.cluster_environment.main_port),
            "NODE_RANK": str(self.cluster_environment.node_rank()),
            "WORLD_SIZE": str(self.num_processes * self.num_nodes),
            PARENT: str(os.getpid()),
        }
        for number, forked in enumerate(self._waiting, start=1):
            try:
                process = JobProcess(forked.begin, {**shared, "LOCAL_RANK": str(number)})
            except OSError as error:  # it has ended while it waited, so that nobody receives its environment
                code = forked.wait(GRACE)
                raise RankDiedError(f"rank {number}: {cause_of(code, ())}, before training began") from error
            rank = _Rank(number=number, process=process)
            self._ranks.append(rank)
            threading.Thread(target=self._watch, args=(rank, trainer), daemon=True, name=f"rank-{number}").start()
            threading.Thread(target=self._end_if_stopped, args=(rank,), daemon=True, name=f"state-{number}").start()

    def _watch(self, rank: _Rank, trainer: Trainer | None) -> None:
        rank.code = rank.process.wait()
        rank.ended.set()
        if rank.code in (0, ABANDONED) or self._over.is_set():
            return
        self._died.set()
        if not self._over.wait(GRACE):  # this process waits in a collective that does not end
            self._give_up(trainer)

    def _end_if_stopped(self, rank: _Rank) -> None:
        """Kill a stopped rank, for which the others would wait, in an evaluation for days."""
        since = monotonic()
        while not rank.ended.wait(STOPPED / 10):
            if not rank.process.stopped():
                since = monotonic()
            elif monotonic() - since > STOPPED:
                rank.stopped = True
                rank.process.send(signal.SIGKILL)

    def _give_up(self, trainer: Trainer | None) -> None:
        error = RankDiedError(self._cause())
        try:
            for callback in trainer.callbacks if trainer is not None else []:  # type: ignore[attr-defined]  # set by Lightning
                callback.on_exception(trainer, trainer.lightning_module, error)  # type: ignore[union-attr]  # not None here
            print(f"error: {error}", file=sys.stderr, flush=True)
        finally:
            self.kill(signal.SIGKILL)
            os._exit(1)

    def _dismiss(self) -> None:
        for rank in self._ranks:
            rank.ended.wait(FAREWELL)

    def _cause(self) -> str:
        died = [rank for rank in self._ranks if rank.ended.is_set() and rank.code not in (0, ABANDONED)]
        return "; ".join(f"rank {rank.number}: {_cause_of(rank)}" for rank in died)


def _cause_of(rank: _Rank) -> str:
    if rank.stopped:
        return f"stopped by a signal for {STOPPED:.0f} s, and then killed"
    return cause_of(rank.code, rank.process.last_words())
