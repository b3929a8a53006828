"""Runs that are killed at random moments, started again by the same command, and compared bit for bit.

A run is a process forked from this one, or several of them, as the jobs of a sweep and the ranks of a run are: nothing
has to be imported again, which makes a kill affordable. Linux only.
"""

import ctypes
import hashlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder

PR_SET_CHILD_SUBREAPER = 36
TIMEOUT = 30.0
"""Seconds that the other processes of a run have to end after the first has ended."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A run that was killed and started again until it finished.

    Attributes:
        case: the kind of run.
        number: number of the attempt among those of its case.
        kills: number of kills that ended the run; a kill that comes after the end is none.
        same: whether the finished run has the same bits as one that was left alone.
        resumed_from: updates of the stored state after each kill; None where nothing was stored.
        slowest_end: longest time from a kill to the end of the run's last process, in seconds.
        seconds: duration of the attempt.
        words: why the finished run is another, and what it said; empty if it is the same.
    """

    case: str
    number: int
    kills: int
    same: bool
    resumed_from: list[int | None]
    slowest_end: float
    seconds: float
    words: str


class Killing:
    """One kind of run: it is left alone once, and then others are killed.

    Args:
        case: name of the kind of run.
        command: what a process of the run does, in the run's folder; returns the exit code.
        prepare: makes the folder in which the command starts.
        place: where the runs' folders are.
        after: share of the duration of a run before which it is not killed.

    Raises:
        RuntimeError: the run that was left alone failed.
    """

    def __init__(
        self,
        *,
        case: str,
        command: Callable[[RunFolder], int],
        prepare: Callable[[RunFolder], object],
        place: Path,
        after: float,
    ) -> None:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # whoever outlives a killed run is to be waited for here
        self._case, self._command, self._prepare, self._place, self._after = case, command, prepare, place, after
        whole = self._folder("whole")
        began = time.monotonic()
        run_to_end(command, whole)
        self._lasted, self._expected = time.monotonic() - began, fingerprint(whole)

    def attempt(self, number: int, kills: int, draw: np.random.Generator) -> Attempt:
        """A run killed `kills` times at random moments, or less often where it ends before."""
        began, folder, slowest = time.monotonic(), self._folder(str(number)), 0.0
        resumed_from: list[int | None] = []
        for _ in range(kills):
            started, first = time.monotonic(), _start(self._command, folder)
            time.sleep((self._after + (1 - self._after) * float(draw.random())) * self._lasted)
            killed = time.monotonic()
            _kill_one(first, draw)
            if _wait(first):
                resumed_from.append(_stored_updates(folder))
                slowest = max(slowest, time.monotonic() - killed)
            else:  # a run with filled caches is faster than the first one
                self._lasted = min(self._lasted, killed - started)
        code = _wait(_start(self._command, folder))
        differs = f"it ended with {code}" if code else "it has other bits" * (fingerprint(folder) != self._expected)
        return Attempt(
            case=self._case,
            number=number,
            kills=len(resumed_from),
            same=not differs,
            resumed_from=resumed_from,
            slowest_end=round(slowest, 2),
            seconds=round(time.monotonic() - began, 1),
            words=differs and f"{differs}: {_output(folder)}",
        )

    def _folder(self, name: str) -> RunFolder:
        folder = RunFolder(self._place / self._case / name)
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        self._prepare(folder)
        return folder


def run_to_end(command: Callable[[RunFolder], int], folder: RunFolder) -> None:
    """Carry out a command that nothing kills.

    Raises:
        RuntimeError: it failed.
    """
    if _wait(_start(command, folder)):
        raise RuntimeError(f"the run that was left alone failed: {_output(folder)}")


def fingerprint(folder: RunFolder) -> str:
    """A hash of what a run leaves: state, weights, metrics, grids, summary without its durations, evaluations."""
    state, _ = Checkpoints(folder.checkpoints).load()
    assert state is not None
    digest = hashlib.blake2b()
    for name in folder.weights.states():
        digest.update(name.encode() + folder.weights.path(name).read_bytes())
    for key in ("updates", "model", "optimizers", "notes"):
        _absorb(digest, state[key])
    summary = {key: value for key, value in (folder.summary() or {}).items() if key != "seconds"}
    digest.update(json.dumps([folder.metrics(), summary, folder.evaluations()]).encode())
    for picture in (*folder.grids(), *filter(Path.is_file, (folder.real, folder.nearest))):
        digest.update(picture.name.encode() + Image.open(picture).tobytes())
    return digest.hexdigest()


def _absorb(digest: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        digest.update(value.contiguous().view(-1).numpy().tobytes())
    elif isinstance(value, dict):
        for key in value:
            digest.update(str(key).encode())
            _absorb(digest, value[key])
    elif isinstance(value, list | tuple):
        for inner in value:
            _absorb(digest, inner)
    else:
        digest.update(repr(value).encode())


def _start(command: Callable[[RunFolder], int], folder: RunFolder) -> int:
    """The command in a process of its own; the process's id."""
    if child := os.fork():
        return child
    code = 1
    try:
        output = os.open(_log(folder), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = command(folder)
    except BaseException:  # SystemExit with a message too
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _log(folder: RunFolder) -> Path:
    return folder.path.with_name(f"{folder.path.name}.txt")


def _output(folder: RunFolder) -> str:
    return _log(folder).read_text(errors="replace")[-2000:]


def _kill_one(first: int, draw: np.random.Generator) -> None:
    """Kill one of the processes of a run, any of them."""
    with suppress(OSError):  # it has just ended by itself
        others = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        os.kill([first, *map(int, others)][draw.integers(1 + len(others))], signal.SIGKILL)


def _wait(first: int) -> int:
    """The exit code of a run's first process, when all processes of the run have ended."""
    code, deadline = 0, 0.0
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:  # all have
            return code
        if ended == first:
            code, deadline = os.waitstatus_to_exitcode(status), time.monotonic() + TIMEOUT
        elif deadline and time.monotonic() > deadline:
            raise RuntimeError(f"a process went on {TIMEOUT:.0f} s after the first of its run had ended")
        elif not ended:
            time.sleep(0.01)


def _stored_updates(folder: RunFolder) -> int | None:
    """The updates of the state that the next start resumes from."""
    with suppress(ValueError, OSError):  # the next start reports it
        state, _ = Checkpoints(folder.checkpoints).load()
        return None if state is None else int(state["updates"])
    return None
