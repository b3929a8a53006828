"""One job's process, from its start to its end."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Sequence
from contextlib import suppress

PATIENCE = 30.0
"""Seconds that an interrupted job has to store where it stands."""
TAIL = 8192
"""Bytes of the error stream that are kept for the report."""


class Child:
    """A process of its own, in a process group of its own.

    Its output goes where ours goes. Its errors are shown as they come, and the last of them kept, because a process
    that was killed cannot say afterwards why it died. Ctrl-C reaches this process only, which hands it on once: a
    second signal would break off the checkpoint that the first one asked for.
    """

    def __init__(self, command: Sequence[str], variables: dict[str, str]):
        environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
        self._errors, errors = _terminal() if sys.stderr.isatty() else os.pipe()
        try:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stderr=errors, process_group=0
            )
        finally:
            os.close(errors)
        self._tail = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        code = self._process.wait()
        self._reader.join(timeout=2)  # a process that it left behind may hold the stream open
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

    def send(self, number: int) -> None:
        """Send a signal to it and to what it started."""
        with suppress(ProcessLookupError, PermissionError):  # all of it is gone
            os.killpg(self._process.pid, number)

    def last_words(self) -> list[str]:
        """The last lines of its error stream, of a progress bar the last state."""
        lines = self._tail.decode(errors="replace").split("\n")
        shown = [line.rstrip().rsplit("\r", 1)[-1] for line in lines]
        return [line for line in shown if line]

    def _read(self) -> None:
        while chunk := self._chunk():
            self._tail = (self._tail + chunk)[-TAIL:]
            sys.stderr.buffer.write(chunk)
            sys.stderr.flush()
        os.close(self._errors)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._errors, 65536)
        except OSError:  # how a terminal says on Linux that its other side is closed
            return b""


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
