"""Outputs of sampling: the meaning of `out=`, and folders that are written completely or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILES = (".npz", ".png")
OTHERS = (".npy", ".zip", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".pt", ".h5", ".json")
"""Endings of file formats that are not supported, and that a folder should not have."""


@dataclass(frozen=True)
class Output:
    """The output that the user requested with `out=`.

    Attributes:
        path: value of `out=`.
    """

    path: Path

    @property
    def kind(self) -> str:
        """`.npz`, `.png`, or nothing for a folder."""
        return self.path.suffix.lower() if self.path.suffix.lower() in FILES else ""

    @property
    def picture(self) -> Path:
        """The picture: `x.png` itself, or next to `x.npz` or to a folder `x/`."""
        return self.path.with_suffix(".png") if self.kind else self.path.with_name(f"{self.path.name}.png")

    @property
    def numbers(self) -> Path:
        """The numbers of the picture `x.png`, `x.json`."""
        return self.path.with_suffix(".json")

    def require(self, *, kinds: tuple[str, ...], free: tuple[Path, ...], formats: str) -> None:
        """Refuse an output that cannot be written, or that would replace something.

        Args:
            kinds: allowed kinds.
            free: files that must not exist.
            formats: description of the allowed formats, for the message.

        Raises:
            ValueError: the output is refused.
        """
        out = self.path
        if self.kind not in kinds or out.suffix.lower() in OTHERS:
            raise ValueError(f"out={out}: {formats}")
        if self.kind and out.is_dir():
            raise ValueError(f"out={out} is a folder; a file that ends in {self.kind} is written here")
        if not self.kind and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ValueError(f"out={out} is not an empty folder: samples of two calls would be mixed; choose another")
        if existing := next((file for file in free if file.exists()), None):
            raise ValueError(f"{existing} exists already: choose another out=, or delete it")
        require_writable(out)


def require_writable(out: Path) -> None:
    """Refuse a path that cannot be written.

    Raises:
        ValueError: the path cannot be written.
    """
    parent = next(folder for folder in out.resolve().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ValueError(f"out={out}: nothing can be written in {parent}")


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill, which is renamed to `path` on success and deleted otherwise.

    A process that is killed leaves the folder next to `path` under its temporary name, `.NAME.PID.tmp`.

    Raises:
        OSError: the folder cannot be made.
    """
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.replace(path)  # also over an empty folder
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
