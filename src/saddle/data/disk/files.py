"""The files under a folder, however people keep them."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Suffixes of files that are taken for pictures, in any case."""


@dataclass(frozen=True)
class File:
    """A file as it stands in its folder; while all three stay, its content is taken to stay."""

    path: str
    """Relative to the folder, with `/`."""
    size: int
    changed: int
    """When its content was changed, in nanoseconds."""


@dataclass(frozen=True)
class Listing:
    """What lies under a folder."""

    files: list[File] = field(default_factory=list)
    """Sorted by path."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Path -> reason, for links that lead nowhere and folders that may not be read."""

    def pictures(self) -> "Listing":
        """The part whose names are those of pictures."""
        unreadable = {path: reason for path, reason in self.unreadable.items() if _suffix(path) in (*PICTURES, "")}
        return Listing([file for file in self.files if _suffix(file.path) in PICTURES], unreadable)

    def suffixes(self) -> Counter[str]:
        """How many files there are of each suffix."""
        return Counter(_suffix(file.path) or "no suffix" for file in self.files)


def listing(root: Path) -> Listing:
    """The files in `root` and its folders, in an order that depends on their names only.

    Names that begin with a dot are left out: hidden files, and the `._x.png` that macOS writes beside each x.png. Links
    are followed; a folder that is met twice, as in a loop of links, is read once.

    Raises:
        FileNotFoundError: there is no such folder; the message names the nearest one that there is.
        NotADirectoryError: it is a file.
    """
    if not root.exists():
        nearest = next(above for above in root.absolute().parents if above.exists())
        raise FileNotFoundError(f"there is no folder {root}; {nearest} is there")
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is a file, not a folder")
    found = Listing()
    _walk(root, "", found, set())
    found.files.sort(key=lambda file: file.path)
    return found


def readable(path: str) -> str:
    """A path for one line of text: control characters and bytes that are no text are escaped."""
    text = path.encode(errors="backslashreplace").decode()
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _walk(root: Path, inside: str, found: Listing, seen: set[tuple[int, int]]) -> None:
    try:
        status = (root / inside).stat()
        with os.scandir(root / inside) as scan:
            entries = sorted((entry for entry in scan if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        found.unreadable[inside or "."] = f"cannot be read: {error.strerror}"
        return
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        path = f"{inside}/{entry.name}".lstrip("/")
        try:
            if entry.is_dir():
                _walk(root, path, found, seen)
            elif entry.is_file():  # and no pipe or device, whose reader would wait for ever
                status = entry.stat()
                found.files.append(File(path, status.st_size, status.st_mtime_ns))
            elif entry.is_symlink():
                found.unreadable[path] = "a link that leads to no file"
        except OSError as error:
            found.unreadable[path] = f"a link that cannot be followed: {error.strerror}"


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
