"""The files under a folder and its folders."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Suffixes of pictures, in lower or upper case."""


@dataclass(frozen=True)
class File:
    """A file in its folder; as long as path, size and time stay the same, its content is assumed to stay the same."""

    path: str
    """Relative to the folder, with `/`."""
    size: int
    changed: int
    """Time of the last change of the content, in nanoseconds."""


@dataclass(frozen=True)
class Listing:
    """The files under a folder."""

    files: list[File] = field(default_factory=list)
    """Sorted by path."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Path -> reason, for broken links and folders without permission to read."""

    def pictures(self) -> "Listing":
        """The files whose suffix is that of a picture."""
        unreadable = {path: reason for path, reason in self.unreadable.items() if _suffix(path) in (*PICTURES, "")}
        return Listing([file for file in self.files if _suffix(file.path) in PICTURES], unreadable)

    def suffixes(self) -> Counter[str]:
        """Suffix -> number of files."""
        return Counter(_suffix(file.path) or "no suffix" for file in self.files)


def listing(root: Path) -> Listing:
    """The files in `root` and its folders, in an order that depends on their names only.

    Names that begin with a dot are left out: hidden files, and the `._x.png` that macOS writes next to each x.png.
    Links are followed; a folder that is reached twice, as in a loop of links, is read once.

    Raises:
        FileNotFoundError: the folder does not exist; the message names the nearest existing folder.
        NotADirectoryError: the path is a file.
    """
    if not root.exists():
        nearest = next(above for above in root.absolute().parents if above.exists())
        raise FileNotFoundError(f"there is no folder {root}; the nearest that exists is {nearest}")
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is a file, not a folder")
    files = Listing()
    _walk(root, "", files, set())
    files.files.sort(key=lambda file: file.path)
    return files


def readable(path: str) -> str:
    """A path for one line of text, with control characters and undecodable bytes escaped."""
    text = path.encode(errors="backslashreplace").decode()
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _walk(root: Path, inside: str, listed: Listing, seen: set[tuple[int, int]]) -> None:
    try:
        status = (root / inside).stat()
        with os.scandir(root / inside) as scan:
            entries = sorted((entry for entry in scan if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        listed.unreadable[inside or "."] = f"cannot be read: {error.strerror}"
        return
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in entries:
        path = f"{inside}/{entry.name}".lstrip("/")
        try:
            if entry.is_dir():
                _walk(root, path, listed, seen)
            elif entry.is_file():  # not a pipe or a device, whose reader would wait for ever
                status = entry.stat()
                listed.files.append(File(path, status.st_size, status.st_mtime_ns))
            elif entry.is_symlink():
                listed.unreadable[path] = "a link that leads to no file"
        except OSError as error:
            listed.unreadable[path] = f"a link that cannot be followed: {error.strerror}"


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
