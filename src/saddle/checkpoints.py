"""A run's state on disk: written so that a kill at any moment leaves one that is whole.

`last.ckpt` is the newest state and `previous.ckpt` the one before it. A state is written under a temporary name in the
same folder, forced to the disk, read back, and only then renamed. Both are torch files of tensors and plain containers,
read with `weights_only=True`: a stranger's checkpoint cannot run code.
"""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

FORMAT = 1
"""Of the content; raised when an older version could not go on from it."""


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
        torch.save({"format": FORMAT, **state}, content)
        try:
            self.last.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            problem = _damage(temporary)
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
            problem = _damage(path)
            if problem is None:
                return _read(path), problems
            problems.append(f"{path} is damaged ({problem})")
        return None, problems


def _damage(path: Path) -> str | None:
    """What is wrong with a file, by its check sums; None if nothing is."""
    try:
        with ZipFile(path) as archive:
            record = archive.testzip()
    except (OSError, BadZipFile, EOFError, ValueError) as error:
        return str(error) or type(error).__name__
    return None if record is None else f"the check sum of {record} is wrong"


def _read(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch advises to load it all the same, which would run what a stranger put into it
        raise ValueError(f"{path} is refused: it holds more than tensors and plain values") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"{path} is no checkpoint of this version of Saddle")
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
