"""Where samples go: what `out=` means, and files and folders that are there whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILES = (".npz", ".png")
OTHERS = (".npy", ".zip", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".pt", ".h5", ".json")
"""Endings of files, so of no folder, that are not written."""


@dataclass(frozen=True)
class Output:
    """What the user asked to be written.

    Attributes:
        path: as they gave it.
    """

    path: Path

    @property
    def kind(self) -> str:
        """`.npz`, `.png`, or nothing for a folder."""
        return self.path.suffix.lower() if self.path.suffix.lower() in FILES else ""

    @property
    def picture(self) -> Path:
        """What to look at: `x.png` itself, beside `x.npz` and beside a folder `x/`."""
        return self.path.with_suffix(".png") if self.kind else self.path.with_name(f"{self.path.name}.png")

    @property
    def numbers(self) -> Path:
        """`x.json` beside the picture `x.png`."""
        return self.path.with_suffix(".json")

    def require(self, *, kinds: tuple[str, ...], free: tuple[Path, ...], why: str) -> None:
        """Refuse what cannot be written, or would replace something.

        Args:
            kinds: those that are allowed.
            free: files that must not be there yet.
            why: what goes into which kind, for the message.

        Raises:
            ValueError: it would.
        """
        out = self.path
        if self.kind not in kinds or out.suffix.lower() in OTHERS:
            raise ValueError(f"out={out}: {why}")
        if self.kind and out.is_dir():
            raise ValueError(f"out={out} is a folder; a file that ends in {self.kind} is written here")
        if not self.kind and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ValueError(f"out={out} is not an empty folder: samples of two calls would be mixed; choose another")
        there = next((file for file in free if file.exists()), None)
        if there is not None:
            raise ValueError(f"{there} is there already: choose another out=, or delete it")
        require_place(out)


def require_place(out: Path) -> None:
    """Refuse a path at which nothing can be written.

    Raises:
        ValueError: it is one.
    """
    above = next(folder for folder in out.resolve().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(f"out={out}: nothing can be written in {above}")


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which is called `path` only after all went well; otherwise nothing of it stays.

    A process that is killed leaves it under its temporary name, `.NAME.PID.tmp`, beside where it should have been.

    Raises:
        OSError: it cannot be made there.
    """
    place = path.resolve()
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.replace(place)  # also over an empty folder
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
