"""Images in a memory-mapped file, so that a set may be larger than memory."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from threading import Lock
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddle.data.disk.contents import new_hash
from saddle.storage import writing


def mapped(path: Path, shape: Sequence[int], digest: str) -> Tensor | None:
    """The memory-mapped images of a file, uint8 of `shape`; None if the file is missing, incomplete or was changed.

    Args:
        path: the file.
        shape: expected shape.
        digest: `pixel_digest` of the file when it was written. The whole file is read, about 1 GB a second, because a
            run stores this digest as that of the images that it was trained on.
    """
    try:
        pixels = np.load(path, mmap_mode="c", allow_pickle=False)  # copy on write: nothing ever changes the file
    except (OSError, ValueError, EOFError):
        return None
    fits = pixels.shape == tuple(shape) and pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    if not fits:
        return None
    if pixel_digest(path) != digest:
        print(f"note: the images in {path} were changed since they were stored; they are made again", file=sys.stderr)
        return None
    return torch.from_numpy(pixels)


def pixel_digest(path: Path) -> str:
    """A hash of a file's images, their number and their shape, 16 hex digits."""
    with path.open("rb") as file:
        return file_digest(file, new_hash).hexdigest()[:16]


class PixelFile:
    """Writes an .npy file of uint8 images into the cache row by row, from several threads and in any order.

    The complete file appears under its name when the `with` block ends; if the block raises, nothing is left. The
    number of rows is determined at the end. Rows are written instead of assigned to a mapping, so that a full
    disk raises an error that can be caught and does not kill the process.

    Args:
        path: the path of the file.
        scratch: the temporary path until it is complete; the remains of a killed process are overwritten.
        shape: the shape of one row.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """

    def __init__(self, *, path: Path, scratch: Path, shape: Sequence[int]) -> None:
        self._path, self._scratch, self._shape = path, scratch, tuple(shape)
        self._size = int(np.prod(shape))
        self._lock = Lock()
        self._count: int | None = None

    def __enter__(self) -> "PixelFile":
        with writing(self._path):
            self._file = self._scratch.open("w+b")
        return self

    def write(self, row: int, pixels: NDArray[np.uint8]) -> None:
        """Write one row."""
        content = np.ascontiguousarray(pixels, dtype=np.uint8).tobytes()
        assert pixels.shape == self._shape
        with self._lock, writing(self._path):
            self._file.seek(self._start(row))
            self._file.write(content)

    def read(self, row: int) -> bytes:
        """The bytes of a row that was written."""
        with self._lock, writing(self._path):  # earlier writes are flushed first
            self._file.seek(self._start(row))
            return self._file.read(self._size)

    def gather(self, rows: Sequence[int]) -> None:
        """Keep these rows in this order and end. The first occurrences of rows must be ascending."""
        position: dict[int, int] = {}
        for target, row in enumerate(rows):
            source = position.get(row, row)  # rows before `target` have been overwritten
            if source != target:
                content = self.read(source)
                with writing(self._path):
                    self._file.seek(self._start(target))
                    self._file.write(content)
            position.setdefault(row, target)
        self._count = len(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._count is not None:
                with writing(self._path):
                    self._file.truncate(self._start(self._count))
                    self._file.seek(0)
                    self._file.write(_header((self._count, *self._shape)))
                    self._file.close()
                    self._scratch.replace(self._path)
        finally:
            with suppress(OSError):  # on a full disk closing fails like writing, but closes the file
                self._file.close()
            self._scratch.unlink(missing_ok=True)

    def _start(self, row: int) -> int:
        return HEADER + row * self._size


def _header(shape: tuple[int, ...]) -> bytes:
    """The header of an .npy file; numpy pads it, so that its length does not depend on the number of rows."""
    written = BytesIO()
    np.lib.format.write_array_header_1_0(written, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return written.getvalue()


HEADER = len(_header((1, 3, 64, 64)))
