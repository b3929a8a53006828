"""Output whose reader may go away: a closed terminal or pipe is no reason to end a run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class _Lasting:
    """A text stream that goes nowhere as soon as nobody reads it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def lasting_streams() -> Iterator[None]:
    """While it lasts, what is printed to a reader that is gone is lost without an error."""
    earlier = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Lasting(earlier[0]), _Lasting(earlier[1])
    try:
        yield
    finally:
        sys.stdout.flush()  # while an error of it is still caught
        sys.stdout, sys.stderr = earlier
