"""The contents of a folder's files, without reading unchanged files again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from saddle.data.disk.decoding import picture_size
from saddle.data.disk.files import File
from saddle.data.disk.imageset import digest_of
from saddle.data.disk.meaning import UndecodableError
from saddle.data.disk.parallel import in_parallel
from saddle.storage import alone, folder, from_json, to_json, writing


@dataclass(frozen=True)
class Content:
    """The content of a file."""

    hash: str
    size: tuple[int, int] | None
    """Width and height, if the file is a picture."""


def content_hash(content: bytes) -> str:
    """A hash of a file's content, 32 hex digits."""
    return new_hash(content).hexdigest()


class ImageRoot:
    """The cache of one folder: the contents of its files, and the image sets made of it.

    The name of a set is a hash of the contents that it is made of, so that a copy of the folder finds the set too.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._key = digest_of(str(root.resolve()))
        self._cache = folder() / "images"

    @property
    def scratch(self) -> Path:
        """A temporary file for the process that is `alone`."""
        return self._cache / f"{self._key}.tmp"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A lock: one process works, the others wait and then find its results.

        Raises:
            OSError: the cache cannot be written to.
        """
        with alone(self._cache / self._key):
            yield

    def contents(self, files: Sequence[File]) -> tuple[dict[str, Content], dict[str, str]]:
        """The contents of `files` by path, and path -> reason for those that cannot be read.

        A file is read only if its path, size or time of change is not that of an earlier call.
        """
        known = self.recall(f"{self._key}.files")
        fresh = [file for file in files if known.get(file.path, [])[:2] != [file.size, file.changed]]
        read = dict(zip(fresh, in_parallel(self._read, fresh, f"reading {len(fresh):,} files"), strict=True))
        now: dict[str, list[Any]] = {}
        unreadable: dict[str, str] = {}
        for file in files:
            content = read.get(file)
            if content is None:
                now[file.path] = known[file.path]
            elif isinstance(content, Content):
                now[file.path] = [file.size, file.changed, content.hash, content.size]
            else:
                unreadable[file.path] = content
        if fresh or now.keys() != known.keys():
            self.remember(f"{self._key}.files", now)
        held = {path: Content(hash_, size and (size[0], size[1])) for path, (_, _, hash_, size) in now.items()}
        return held, unreadable

    def _read(self, file: File) -> Content | str:
        try:
            with (self.root / file.path).open("rb") as opened:
                hash_ = file_digest(opened, new_hash).hexdigest()
                opened.seek(0)
                return Content(hash_, picture_size(opened))
        except UndecodableError:
            return Content(hash_, None)
        except OSError as error:
            return f"cannot be read: {error.strerror}"

    def made(self, settings: str) -> str:
        """The name of the last set made of this folder with these settings, or an empty string."""
        return self.recall(f"{self._key}.{settings}").get("name", "")

    def remember_made(self, settings: str, name: str) -> None:
        """Store the name of the last set made of this folder with these settings."""
        self.remember(f"{self._key}.{settings}", {"name": name})

    def pixels(self, name: str) -> Path:
        """The file of a set's pixels."""
        return self._cache / f"{name}.npy"

    def recall(self, name: str) -> dict[str, Any]:
        """The record stored under a name; empty if there is none or if it is damaged."""
        try:
            content = from_json((self._cache / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def remember(self, name: str, content: dict[str, Any]) -> None:
        """Store a record under a name, whole or not at all."""
        path = self._cache / f"{name}.json"
        try:
            with writing(path):
                self.scratch.write_text(to_json(content), encoding="utf-8")
                self.scratch.replace(path)
        finally:
            self.scratch.unlink(missing_ok=True)

    def forget(self, name: str) -> None:
        """Delete a set."""
        for suffix in (".npy", ".json"):
            (self._cache / f"{name}{suffix}").unlink(missing_ok=True)


def new_hash(content: bytes = b"") -> Any:
    """A new hash for the contents of files, updated with `content`."""
    return blake2b(content, digest_size=16)
