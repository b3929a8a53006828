"""Processes forked from a server that has imported everything and started nothing.

Importing torch and Lightning takes longer than a small run. With the server, a sweep imports them once.
"""

import multiprocessing
import os
import runpy
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, reduction
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from saddle.processes.streams import open_missing_streams

PRELOADED = ["saddle.engine.session", "wandb"]
"""Imports of a run. They start no thread, device or connection, so that the server can be forked."""


class Forked:
    """A forked process with the interface of `subprocess.Popen` that `JobProcess` needs.

    Attributes:
        pid: process id.
    """

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self._over = threading.Event()
        with _without_main_file():
            process.start()
        assert process.pid is not None
        self.pid: int = process.pid
        threading.Thread(target=self._watch, daemon=True).start()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit code, negative for a signal.

        Raises:
            TimeoutExpired: the process has not ended within `timeout` seconds.
        """
        if not self._over.wait(timeout):
            raise TimeoutExpired("job", timeout or 0.0)
        assert self._process.exitcode is not None
        return self._process.exitcode

    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._over.is_set()

    def _watch(self) -> None:
        self._process.join()  # in a single thread, because only one caller receives the exit code
        self._over.set()


class PreparedProcess(Forked):
    """A Python program that the server runs in its own process and process group.

    Args:
        command: the present interpreter, the program's file and its arguments.
        environment: complete environment; session.py applies its number of threads, since torch is imported already.
        stdout, stderr: file descriptors; None for the stdout of this process.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], stdout: int | None, stderr: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        with _imports_as_here():
            forkserver.ensure_running()
        streams = [_Descriptor(sys.stdout.fileno() if stdout is None else stdout), _Descriptor(stderr)]
        super().__init__(context.Process(target=_become, args=(list(command), dict(environment), *streams)))


@contextmanager
def _imports_as_here() -> Iterator[None]:
    """Make a process that is started inside import this package, not another installed one.

    The server must take the path from the environment: before Python 3.12 it ignores the path that it receives.
    """
    before, sources = os.environ.get("PYTHONPATH"), str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = sources if before is None else os.pathsep.join([sources, before])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _without_main_file() -> Iterator[None]:
    """Keep a new process from importing the file of the main program under another name."""
    main = sys.modules["__main__"].__dict__
    file = main.pop("__file__", None)
    try:
        yield
    finally:
        if file is not None:
            main["__file__"] = file


class _Descriptor:
    """A file descriptor that can be sent to a process that is not a child of this one."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> Any:
        return _received, (reduction.DupFd(self.number),)


def _received(duplicate: Any) -> int:
    return duplicate.detach()


def _become(command: list[str], environment: dict[str, str], stdout: int, stderr: int) -> None:
    """Run the program as `python FILE ARGUMENTS` would."""
    os.setpgid(0, 0)
    take_over(environment, stdout, stderr)
    sys.argv = command[1:]
    try:
        runpy.run_path(command[1], run_name="__main__")
    except KeyboardInterrupt:  # before the program has installed its own handler
        sys.exit(130)


def take_over(environment: Mapping[str, str], stdout: int, stderr: int) -> None:
    """Replace the environment and the streams of this process."""
    for number, stream in ((stdout, 1), (stderr, 2)):
        os.dup2(number, stream)
        os.close(number)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # the copied process may have replaced them
    open_missing_streams()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text stream
