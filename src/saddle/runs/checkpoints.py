"""A run's state on disk: written so that a kill at any moment leaves one that is whole.

`last.ckpt` is the newest state and `previous.ckpt` the one before it. A state is written under a temporary name in the
same folder, forced to the disk, read back, and only then renamed. A file is a line with the format and a digest of it
all, and then what torch.save writes: of tensors and plain containers, read with `weights_only=True`, so that a
stranger's checkpoint cannot run code. (The check sums of torch's own archive do not cover its table of contents: one
wrong bit there, and torch reads uninitialised memory without a word.)
"""

import io
import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

FORMAT = 2
"""Of the content; raised when an older version could not go on from it."""
NEEDED = {"updates", "model", "optimizers", "notes", "facts"}
"""What a state holds."""


class Checkpoints:
    """The states of one run.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.last = folder / "last.ckpt"
        self.previous = folder / "previous.ckpt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Store a state and keep the one before it.

        Raises:
            OSError: it could not be written whole; what was there before is untouched.
        """
        temporary = self.last.with_name(f".{self.last.name}.{os.getpid()}.tmp")
        content = io.BytesIO()  # first into memory: torch hides from its caller why a disk takes no more
        torch.save(dict(state), content)
        try:
            self.last.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(sealed(content.getvalue()))
                file.flush()
                os.fsync(file.fileno())
            _, problem = _opened(temporary)
            if problem:
                raise OSError(f"{temporary} was written and cannot be read back ({problem})")
            if self.last.exists():
                self.last.replace(self.previous)
            temporary.replace(self.last)
            _force(self.last.parent)
        except OSError as error:
            raise OSError(f"the checkpoint {self.last} could not be written: {error.strerror or error}") from None
        finally:
            temporary.unlink(missing_ok=True)

    def load(self) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest state that is whole, None if there is none; and what is wrong with newer ones.

        Raises:
            ValueError: a file is whole, but no state that this version can go on from.
        """
        problems: list[str] = []
        for path in (self.last, self.previous):
            if not path.exists():
                continue
            content, problem = _opened(path)
            if not problem:
                return _read(content, path), problems
            problems.append(f"{path} is damaged ({problem})")
        return None, problems


def sealed(content: bytes) -> bytes:
    """The content of a file, which `_opened` recognises as whole."""
    return f"saddle checkpoint {FORMAT} {_digest(str(FORMAT), content)}\n".encode() + content


def _opened(path: Path) -> tuple[bytes, str]:
    """What a file holds, and what is wrong with it; nothing if it is whole.

    Raises:
        ValueError: it is whole, and of another version.
    """
    try:
        line, _, content = path.read_bytes().partition(b"\n")
    except OSError as error:
        return b"", str(error)
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
    except Exception as error:  # torch advises to load it all the same, which would run what a stranger put into it
        raise ValueError(f"{path} is refused: it holds more than tensors and plain values") from error
    if not isinstance(state, dict) or not state.keys() >= NEEDED:
        raise ValueError(f"{path} is no state of a run: that holds {', '.join(sorted(NEEDED))}")
    return state


def _force(folder: Path) -> None:
    """Make the renaming itself survive a loss of power, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
