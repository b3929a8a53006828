"""One job's process, from its start to its end."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO

TIMEOUT = 30.0
"""Seconds in which an interrupted job must store its state."""
TAIL = 8192
"""Number of bytes of the error stream that are kept for the report."""


class Process(Protocol):
    """The part of the interface of `subprocess.Popen` that `JobProcess` needs."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal; raises TimeoutExpired if the process has not ended."""

    def ended(self) -> bool:
        """Whether the process has ended; may be called while another thread waits."""


Start = Callable[[Mapping[str, str], int | None, int], Process]


class JobProcess:
    """A job in its own process and process group.

    Its output goes to the stdout of this process. Its errors are shown at once, and the last of them are kept, because
    a killed process cannot report why it died. Ctrl-C reaches only this process, which forwards it once: a second
    signal would abort the checkpoint that the first one requested.

    Args:
        start: function that starts the process, with its complete environment and the file descriptors of stdout (None
            for that of this process) and stderr; see `program`, `PreparedProcess` and `ForkedRank.begin`.
        variables: environment variables in addition to those of this process.
        mark: prefix of each line if several jobs write to one terminal, such as "[2/5] "; then only complete lines are
            shown, and only the last state of a progress bar.
    """

    def __init__(self, start: Start, variables: dict[str, str], mark: str = "") -> None:
        environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
        self._mark = mark
        read_errors, write_errors = _terminal() if sys.stderr.isatty() and not mark else os.pipe()
        read_output, write_output = os.pipe() if mark else (None, None)
        try:
            self._process = start(environment, write_output, write_errors)
        finally:
            for descriptor in (write_errors, write_output):
                if descriptor is not None:
                    os.close(descriptor)
        self._tail = b""
        self._readers = [threading.Thread(target=self._show, args=(read_errors, sys.stderr), daemon=True)]
        if read_output is not None:
            self._readers.append(threading.Thread(target=self._show, args=(read_output, sys.stdout), daemon=True))
        for reader in self._readers:
            reader.start()

    def wait(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join(timeout=2)  # a process that the job left behind may keep the stream open
        if code:
            self.send(signal.SIGTERM)  # processes left behind would occupy the memory that the next job needs
        return code

    def stop(self) -> int:
        """Ask the job to end, kill it after a timeout, and at once on a second interrupt; the exit code."""
        try:
            for number, timeout in ((signal.SIGINT, TIMEOUT), (signal.SIGTERM, 5.0)):
                self.send(number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout)
                    return self.wait()
        except KeyboardInterrupt:
            pass
        self.send(signal.SIGKILL)
        return self.wait()

    def ended(self) -> bool:
        """Whether the job has ended; may be called in a signal handler, also during `wait`."""
        return self._process.ended()

    def stopped(self) -> bool:
        """Whether a signal (SIGSTOP) has stopped the job; False without /proc."""
        try:
            return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
        except OSError:
            return False

    def send(self, number: int) -> None:
        """Send a signal to the job's process group."""
        with suppress(ProcessLookupError, PermissionError):  # the whole group has ended
            os.killpg(self._process.pid, number)

    def last_words(self) -> list[str]:
        """The last lines of the error stream, with the last state of a progress bar."""
        lines = self._tail.decode(errors="replace").split("\n")
        shown = [line.rstrip().rsplit("\r", 1)[-1] for line in lines]
        return [line for line in shown if line]

    def _show(self, pipe: int, stream: TextIO) -> None:
        lines = _Lines(self._mark, stream)
        with suppress(OSError):  # Linux's way to report that the other side of a terminal is closed
            while chunk := os.read(pipe, 65536):
                if stream is sys.stderr:
                    self._tail = (self._tail + chunk)[-TAIL:]
                lines.show(chunk)
        os.close(pipe)
        lines.end()


class _Program(subprocess.Popen[bytes]):
    """A program in its own process and process group."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], stdout: int | None, stderr: int) -> None:
        stdin = subprocess.DEVNULL
        super().__init__(command, env=environment, process_group=0, stdin=stdin, stdout=stdout, stderr=stderr)

    def ended(self) -> bool:
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:  # ended, and waited for
            return True


def program(command: Sequence[str]) -> Start:
    """The function that starts a program with its arguments."""
    return partial(_Program, command)


class _Lines:
    """Shows the output of a process; with a mark in complete lines, so that the jobs can be told apart."""

    _lock = threading.Lock()

    def __init__(self, mark: str, stream: TextIO):
        self._mark, self._stream, self._incomplete = mark.encode(), stream, b""

    def show(self, chunk: bytes) -> None:
        if not self._mark:
            self._write(chunk)
            return
        *lines, self._incomplete = (self._incomplete + chunk).split(b"\n")
        self._write(b"".join(map(self._marked, lines)))

    def end(self) -> None:
        """Show a last line without a newline."""
        self._write(self._marked(self._incomplete) if self._incomplete else b"")

    def _marked(self, line: bytes) -> bytes:
        last = line.rstrip(b"\r").rpartition(b"\r")[2]
        if not last.strip():
            return b""
        return (b"" if last.startswith(self._mark) else self._mark) + last + b"\n"

    def _write(self, text: bytes) -> None:
        with self._lock:
            self._stream.flush()
            self._stream.buffer.write(text)
            self._stream.flush()


def _terminal() -> tuple[int, int]:
    """Both sides of a terminal as wide as that of this process, so that a job can draw a progress bar on it."""
    read, write = os.openpty()
    size = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(write, termios.TIOCSWINSZ, size)
    return read, write


def cause_of(code: int, last_words: Sequence[str]) -> str:
    """Why a process ended with `code`, in one line."""
    if code == -signal.SIGKILL:
        return "killed (SIGKILL) by a user, or for lack of memory: then try a smaller batch_size or resolution"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    if code == 0:
        return "it ended with exit code 0, but did not report that it finished"
    return last_words[-1] if last_words else f"exit code {code}, without a message"
