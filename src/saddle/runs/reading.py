"""Reads files that a crash, a failing disk or a stranger may have changed: "cannot be read" is never "is not there"."""

import os
from pathlib import Path

POINTER = b"version https://git-lfs"
"""The beginning of a file that stands for one in a large-file store (Git LFS) until that is fetched."""
MEND = "make it readable again, or move it away if it is lost"


def is_there(path: Path) -> bool:
    """Whether something has that name, even if it cannot be read, such as a link to a file that was not fetched."""
    return os.path.lexists(path)


def read_file(path: Path) -> bytes | None:
    """The content of a file; None only if there is no such file.

    Raises:
        OSError: there is one, and it cannot be read; or its content is still in another place.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_symlink():
            return None
        raise OSError(f"{path} cannot be read (it is a link to a file that is not there): {MEND}") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read ({error.strerror or error}): {MEND}") from None
    if content.startswith(POINTER):
        raise OSError(f"{path} cannot be read (it is a pointer to a large-file store: git lfs pull): {MEND}")
    return content
