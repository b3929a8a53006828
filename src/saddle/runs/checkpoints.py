"""A run's state on disk, written so that a kill at any moment leaves an intact one.

`last.ckpt` is the newest state and `previous.ckpt` the one before it. A state is written under a temporary name in the
same folder, flushed to the disk, read back, and only then renamed. A file starts with a line that holds the format and
a digest of the file; the output of torch.save follows. It contains tensors and plain containers only and is read with
`weights_only=True`, so a stranger's checkpoint cannot run code. (The checksums of torch's own archive do not cover its
table of contents: after one wrong bit there, torch silently reads uninitialised memory.)
"""

import io
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from saddle.runs.reading import read_file

FORMAT = 2
"""Version of the content; increased when an older version of Saddle could not resume from it."""
NEEDED = {"updates", "model", "optimizers", "notes", "facts"}
"""Keys of a state."""


class Checkpoints:
    """The states of one run.

    Args:
        folder: folder of the checkpoint files.
    """

    def __init__(self, folder: Path) -> None:
        self.last = folder / "last.ckpt"
        self.previous = folder / "previous.ckpt"
        self._last_intact = True

    def save(self, state: Mapping[str, Any]) -> None:
        """Store a state and keep the previous one.

        Raises:
            OSError: the state could not be written completely; the stored states are unchanged.
        """
        temporary = self.last.with_name(f".{self.last.name}.{os.getpid()}.tmp")
        content = io.BytesIO()  # first into memory: torch hides the cause of a failed write from its caller
        torch.save(dict(state), content)
        try:
            self.last.parent.mkdir(exist_ok=True)  # not the run's folder: someone may have removed it
            with temporary.open("wb") as file:
                file.write(sealed(content.getvalue()))
                file.flush()
                os.fsync(file.fileno())
            _, problem = _opened(temporary.read_bytes(), temporary)
            if problem:
                raise OSError(f"{temporary} was written and cannot be read back ({problem})")
            if self._last_intact and self.last.exists():  # a damaged one must not replace its intact predecessor
                self.last.replace(self.previous)
            temporary.replace(self.last)
            self._last_intact = True
            _force(self.last.parent)
        except OSError as error:
            raise OSError(f"the checkpoint {self.last} could not be written: {error.strerror or error}") from None
        finally:
            temporary.unlink(missing_ok=True)

    def load(self, fits: Callable[[dict[str, Any]], str] = lambda state: "") -> tuple[dict[str, Any] | None, list[str]]:
        """The newest usable state, or None if none was ever stored, and a message about each newer file that is not.

        Args:
            fits: function that returns what a state lacks in its run; empty if the run can be resumed from it.

        Raises:
            ValueError: there are states but no usable one, or a file is intact but this version cannot resume from it.
            OSError: a state cannot be read, which does not say that it is damaged.
        """
        problems: list[str] = []
        for path in (self.last, self.previous):
            content = read_file(path)
            if content is None:
                continue
            content, problem = _opened(content, path)
            if not problem:
                state = _read(content, path)
                if not (lacking := fits(state)):
                    return state, problems
                problem = f"it does not fit its run: {lacking}"
            self._last_intact = self._last_intact and path != self.last
            problems.append(f"{path} is damaged ({problem})")
        if problems:
            raise ValueError(
                f"no stored state can be used: {'; '.join(problems)}. Restore the files from a copy, or begin again "
                "with fresh=true, which keeps them in a folder moved aside"
            )
        return None, problems


def storable(state: Any) -> bool:
    """Whether a state can be read back from a checkpoint, which contains only tensors and plain values."""
    content = io.BytesIO()
    try:
        torch.save(state, content)
        content.seek(0)
        torch.load(content, weights_only=True)
    except Exception:  # pickle and torch raise errors of many types
        return False
    return True


def sealed(content: bytes) -> bytes:
    """`content` with the first line by which `_opened` recognises an intact file."""
    return f"saddle checkpoint {FORMAT} {_digest(str(FORMAT), content)}\n".encode() + content


def _opened(content: bytes, path: Path) -> tuple[bytes, str]:
    """The part of a file that torch wrote, and what is wrong with the file; empty if it is intact.

    Raises:
        ValueError: the file is intact, but of another version.
    """
    line, _, content = content.partition(b"\n")
    words = line.decode(errors="replace").split(" ")
    if words[:2] != ["saddle", "checkpoint"] or len(words) != 4:
        return b"", "its first line is not that of a checkpoint"
    if words[3] != _digest(words[2], content):
        return b"", "its digest is wrong"
    if words[2] != str(FORMAT):
        raise ValueError(f"{path} is a checkpoint of another version of Saddle (format {words[2]}, not {FORMAT})")
    return content, ""


def _digest(form: str, content: bytes) -> str:
    return blake2b(content, digest_size=16, salt=form.encode()[:16]).hexdigest()


def _read(content: bytes, path: Path) -> dict[str, Any]:
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch's message advises to load the file anyway, which would run a stranger's code
        raise ValueError(f"{path} is refused: it contains more than tensors and plain values") from error
    if not isinstance(state, dict) or not state.keys() >= NEEDED:
        raise ValueError(f"{path} is not the state of a run, which contains {', '.join(sorted(NEEDED))}")
    return state


def _force(folder: Path) -> None:
    """Make the renaming itself survive a power failure, where the system supports it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
