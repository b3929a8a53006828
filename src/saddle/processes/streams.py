"""Output streams that survive the loss of their reader, and text of strangers on a terminal.

A closed terminal or pipe must not end a run, and the name of a run or the message in a stranger's folder must not move
the cursor.
"""

import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that control a terminal, turn the direction of writing, or end a line."""


def printable(text: str) -> str:
    r"""`text` with `\x1b` for an escape character, and so on; line feeds, carriage returns and tabs stay."""
    return "".join(
        _escaped(one) if unicodedata.category(one) in UNSEEN and one not in "\n\r\t" else one for one in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class _Lasting:
    """A text stream that is discarded as soon as its reader is gone; `escaped`: for text of strangers."""

    def __init__(self, stream: TextIO, escaped: bool) -> None:
        self._stream, self._escaped = stream, escaped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        written = printable(text) if self._escaped else text
        try:
            self._stream.write(written)
        except UnicodeEncodeError:  # a terminal of another encoding, or half of a character in a name
            self._stream.write(written.encode("ascii", "backslashreplace").decode("ascii"))
        except OSError:
            self._give_up()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, self._stream.fileno())
        os.close(devnull)


@contextmanager
def lasting_streams(*, escaped: bool = False) -> Iterator[None]:
    """Discard output without an error if its reader is gone, or if the process was started without streams.

    Args:
        escaped: whether all that is printed is text, without commands to the terminal.
    """
    open_missing_streams()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Lasting(stream, escaped) for stream in before)
    try:
        yield
    finally:
        sys.stdout.flush()  # while its errors are still caught
        sys.stdout, sys.stderr = before


def open_missing_streams() -> None:
    """Open the streams 0, 1 and 2 that the process was started without: the next file would get their numbers."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                opened = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
                os.set_inheritable(opened, True)  # the processes of a sweep's jobs need streams too
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
            setattr(sys, f"__{name}__", getattr(sys, name))
