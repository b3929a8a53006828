"""Files that can be made again: rendered sets, features of real images.

They lie in `$SADDLE_CACHE`, by default `.cache/` of the project. A file is written under a temporary name and renamed,
so it is there whole or not at all; one process makes it while the others wait for it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

PROJECT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """Where the cache lies."""
    return Path(os.environ.get("SADDLE_CACHE") or PROJECT / ".cache")


def cached(name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays stored as `name` (a relative path without suffix), made by `make()` if they are not there.

    `name` must say everything the arrays depend on. A file that cannot be read is made again.
    """
    path = folder() / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        stored = _load(path)
        if stored is None:
            stored = make()
            temporary = path.with_suffix(f".{os.getpid()}.tmp")
            with temporary.open("wb") as file:
                np.savez(file, **cast(dict[str, Any], stored))  # the stub takes any keyword for a flag
            temporary.replace(path)
    return stored


def _load(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
