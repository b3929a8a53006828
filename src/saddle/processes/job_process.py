"""One job's process, from its start to its end."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO

PATIENCE = 30.0
"""Seconds that an interrupted job has to store where it stands."""
TAIL = 8192
"""Bytes of the error stream that are kept for the report."""


class Process(Protocol):
    """What `subprocess.Popen` can do, as far as it is needed here."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for a signal; TimeoutExpired if it goes on."""

    def ended(self) -> bool:
        """Whether it has; may be asked while another thread waits."""


Start = Callable[[Mapping[str, str], int | None, int], Process]


class JobProcess:
    """A process of its own, in a process group of its own.

    Its output goes where ours goes. Its errors are shown as they come, and the last of them kept, because a process
    that was killed cannot say afterwards why it died. Ctrl-C reaches this process only, which hands it on once: a
    second signal would break off the checkpoint that the first one asked for.

    Args:
        start: begins it, with all of its environment and file descriptors for stdout (None is ours) and stderr; see
            `program`, `PreparedProcess` and `ForkedRank.begin`.
        variables: of its environment, beside ours.
        mark: what begins each line of one among several that write to the same terminal, such as "[2/5] "; then only
            whole lines are shown, of a progress bar its last state.
    """

    def __init__(self, start: Start, variables: dict[str, str], mark: str = "") -> None:
        environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
        self._mark = mark
        self._errors, errors = _terminal() if sys.stderr.isatty() and not mark else os.pipe()
        output, its_output = os.pipe() if mark else (None, None)
        try:
            self._process = start(environment, its_output, errors)
        finally:
            for end in (errors, its_output):
                if end is not None:
                    os.close(end)
        self._tail = b""
        self._readers = [threading.Thread(target=self._read_errors, daemon=True)]
        if output is not None:
            self._readers.append(threading.Thread(target=self._read_output, args=(output,), daemon=True))
        for reader in self._readers:
            reader.start()

    def wait(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join(timeout=2)  # a process that it left behind may hold the stream open
        if code:
            self.send(signal.SIGTERM)  # nothing of a job that died keeps the memory that the next one needs
        return code

    def stop(self) -> int:
        """Ask it to end, with growing emphasis; at once if this is interrupted as well. The exit code."""
        try:
            for number, patience in ((signal.SIGINT, PATIENCE), (signal.SIGTERM, 5.0)):
                self.send(number)
                try:
                    self._process.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    continue
            else:
                self.send(signal.SIGKILL)
        except KeyboardInterrupt:
            self.send(signal.SIGKILL)
        return self.wait()

    def ended(self) -> bool:
        """Whether it has; may be asked in a signal's handler, also while `wait` waits."""
        return self._process.ended()

    def stopped(self) -> bool:
        """Whether a signal made it stand still; where there is no /proc nobody can tell."""
        try:
            return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
        except OSError:
            return False

    def send(self, number: int) -> None:
        """Send a signal to it and to what it started."""
        with suppress(ProcessLookupError, PermissionError):  # all of it is gone
            os.killpg(self._process.pid, number)

    def last_words(self) -> list[str]:
        """The last lines of its error stream, of a progress bar the last state."""
        lines = self._tail.decode(errors="replace").split("\n")
        shown = [line.rstrip().rsplit("\r", 1)[-1] for line in lines]
        return [line for line in shown if line]

    def _read_errors(self) -> None:
        lines = _Lines(self._mark, sys.stderr)
        for chunk in _chunks(self._errors):
            self._tail = (self._tail + chunk)[-TAIL:]
            lines.show(chunk)
        lines.end()

    def _read_output(self, stream: int) -> None:
        lines = _Lines(self._mark, sys.stdout)
        for chunk in _chunks(stream):
            lines.show(chunk)
        lines.end()


class _Program(subprocess.Popen[bytes]):
    """A program in a process, and a process group, of its own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], stdout: int | None, stderr: int) -> None:
        nothing = subprocess.DEVNULL
        super().__init__(command, env=environment, process_group=0, stdin=nothing, stdout=stdout, stderr=stderr)

    def ended(self) -> bool:
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:  # ended, and waited for
            return True


def program(command: Sequence[str]) -> Start:
    """Begins a program with its arguments."""
    return partial(_Program, command)


class _Lines:
    """Shows what a process writes: with a mark whole lines only, so that those of several can be told apart."""

    _one_at_a_time = threading.Lock()

    def __init__(self, mark: str, stream: TextIO):
        self._mark, self._stream, self._begun = mark.encode(), stream, b""

    def show(self, chunk: bytes) -> None:
        if not self._mark:
            self._write(chunk)
            return
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        self._write(b"".join(map(self._marked, whole)))

    def end(self) -> None:
        """What the process left without the end of a line."""
        self._write(self._marked(self._begun) if self._begun else b"")

    def _marked(self, line: bytes) -> bytes:
        last = line.rstrip(b"\r").rpartition(b"\r")[2]
        if not last.strip():
            return b""
        return (b"" if last.startswith(self._mark) else self._mark) + last + b"\n"

    def _write(self, text: bytes) -> None:
        with self._one_at_a_time:
            self._stream.flush()
            self._stream.buffer.write(text)
            self._stream.flush()


def _chunks(stream: int) -> Iterator[bytes]:
    """What comes out of the stream, until it is closed."""
    with suppress(OSError):  # how a terminal says on Linux that its other side is closed
        while chunk := os.read(stream, 65536):
            yield chunk
    os.close(stream)


def _terminal() -> tuple[int, int]:
    """Both sides of a terminal as wide as ours, so that a job that writes to it may draw a progress bar."""
    ours, its = os.openpty()
    size = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(its, termios.TIOCSWINSZ, size)
    return ours, its


def cause_of(code: int, last_words: Sequence[str]) -> str:
    """Why a process ended with `code`, in one line."""
    if code == -signal.SIGKILL:
        return "killed (SIGKILL) by someone, or for want of memory: then try a smaller batch_size or resolution"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    if code == 0:
        return "it ended with exit code 0, but did not say that it finished"
    return last_words[-1] if last_words else f"exit code {code}, without a message"
