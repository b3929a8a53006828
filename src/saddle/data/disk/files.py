"""The files under a folder and its folders."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from saddle.pictures import SUFFIXES, is_picture


@dataclass(frozen=True)
class File:
    """A file in its folder; as long as path, size and times stay the same, its content is assumed to stay the same."""

    path: str
    """Relative to the folder, with `/`."""
    size: int
    changed: str
    """Times of the last change of the content and of the entry, in nanoseconds. The first alone is not enough: `tar`,
    `unzip` and `rsync -t` set it to that of the original."""


@dataclass(frozen=True)
class Listing:
    """The files under a folder."""

    files: list[File] = field(default_factory=list)
    """Sorted by path."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Path -> reason, for broken links and folders without permission to read."""
    passed_over: dict[str, str] = field(default_factory=dict)
    """Path -> reason, for what is not meant to be read: hidden entries, loops of links, and files that are none."""

    def pictures(self, root: Path) -> "Listing":
        """The pictures under `root`, by their suffix or by their first bytes; the others are passed over."""
        chosen = Listing(passed_over=dict(self.passed_over))
        for file in self.files:
            try:
                readable = is_picture(root / file.path)
            except OSError as error:
                chosen.unreadable[file.path] = f"cannot be read: {error.strerror}"
                continue
            if readable:
                chosen.files.append(file)
            else:
                chosen.passed_over[file.path] = "no picture"
        for path, reason in self.unreadable.items():
            meant = _suffix(path) in (*SUFFIXES, "")
            (chosen.unreadable if meant else chosen.passed_over)[path] = reason
        return chosen

    def suffixes(self) -> Counter[str]:
        """Suffix -> number of files."""
        return Counter(_suffix(file.path) or "no suffix" for file in self.files)


def listing(root: Path) -> Listing:
    """The files in `root` and its folders, in an order that depends on their names only.

    Names that begin with a dot are passed over: hidden files, and the `._x.png` that macOS writes next to each x.png.
    Links are followed. A folder that a link leads to is read again, but only once inside of each folder of `root`, so
    that a loop of links ends.

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
    _walk(root, "", files, frozenset(), set())
    files.files.sort(key=lambda file: file.path)
    return files


def readable(path: str) -> str:
    """A path for one line of text, with control characters and undecodable bytes escaped."""
    text = path.encode(errors="backslashreplace").decode()
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


Identity = tuple[int, int]
"""Device and inode of a folder."""


def _walk(root: Path, inside: str, listed: Listing, above: frozenset[Identity], seen: set[Identity]) -> None:
    """Enter the files of the folder `inside`, which lies in the folders `above`; `seen` are those read in its class."""
    try:
        status = (root / inside).stat()
        with os.scandir(root / inside) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        listed.unreadable[inside or "."] = f"cannot be read: {error.strerror}"
        return
    identity = (status.st_dev, status.st_ino)
    if identity in above or identity in seen:
        listed.passed_over[inside] = "a link to a folder that is read already"
        return
    seen.add(identity)
    for entry in entries:
        path = f"{inside}/{entry.name}".lstrip("/")
        try:
            if entry.name.startswith("."):
                listed.passed_over[path] = "hidden, because its name begins with a dot"
            elif entry.is_dir():
                _walk(root, path, listed, above | {identity}, seen if inside else set())
            elif entry.is_file():  # not a pipe or a device, whose reader would wait for ever
                status = entry.stat()
                listed.files.append(File(path, status.st_size, f"{status.st_mtime_ns} {status.st_ctime_ns}"))
            elif entry.is_symlink():
                listed.unreadable[path] = "a link that leads to no file"
            else:
                listed.passed_over[path] = "no file"
        except OSError as error:
            listed.unreadable[path] = f"a link that cannot be followed: {error.strerror}"


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
