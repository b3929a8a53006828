"""Processes that begin with everything imported: forked from one that has imported it and started nothing.

Importing torch and Lightning takes longer than a small run. A sweep pays for it once.
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

PRELOADED = ["saddle.engine.session", "wandb"]
"""What a run imports. None of it starts a thread, a device or a connection when it is imported, so it can be forked."""


class Forked:
    """A process that is a copy of another one, and becomes a program of its own; in place of `subprocess.Popen`.

    Attributes:
        pid: its process id.
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
        """Its exit code, negative for a signal.

        Raises:
            TimeoutExpired: it has not ended within `timeout` seconds.
        """
        if not self._over.wait(timeout):
            raise TimeoutExpired("job", timeout or 0.0)
        assert self._process.exitcode is not None
        return self._process.exitcode

    def ended(self) -> bool:
        """Whether it has."""
        return self._over.is_set()

    def _watch(self) -> None:
        self._process.join()  # in one thread: of two that ask for the code only one would get it
        self._over.set()


class PreparedProcess(Forked):
    """A Python program in a process, and a process group, of its own.

    Args:
        command: the interpreter, which is this one, the program's file and its arguments.
        environment: all of its environment. The number of threads in it is set anew: torch was imported under another.
        stdout, stderr: file descriptors; None is ours.
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
    """A process that is started meanwhile finds this package, not one that is installed besides.

    The server takes its path from the environment: before Python 3.12 it preloads without the path that it is handed.
    """
    before, own = os.environ.get("PYTHONPATH"), str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = own if before is None else os.pathsep.join([own, before])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _without_main_file() -> Iterator[None]:
    """A new process would first import the file of our main program, under another name."""
    main = sys.modules["__main__"].__dict__
    file = main.pop("__file__", None)
    try:
        yield
    finally:
        if file is not None:
            main["__file__"] = file


class _Descriptor:
    """A file descriptor that goes along to a process that is not our child."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> Any:
        return _received, (reduction.DupFd(self.number),)


def _received(duplicate: Any) -> int:
    return duplicate.detach()


def _become(command: list[str], environment: dict[str, str], stdout: int, stderr: int) -> None:
    """Carry out the program as `python FILE ARGUMENTS` would."""
    os.setpgid(0, 0)
    take_over(environment, stdout, stderr)
    sys.argv = command[1:]
    try:
        runpy.run_path(command[1], run_name="__main__")
    except KeyboardInterrupt:  # before the program could hear it
        sys.exit(130)


def take_over(environment: Mapping[str, str], stdout: int, stderr: int) -> None:
    """Make these this process's environment and streams."""
    for number, stream in ((stdout, 1), (stderr, 2)):
        os.dup2(number, stream)
        os.close(number)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # who was copied may have put others in their place
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text stream
