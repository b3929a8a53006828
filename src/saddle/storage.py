"""Files outside of runs: the cache, downloads, and the files that ship with the package; and JSON for all files.

The cache holds what can be made again, such as rendered sets and features of real images. It is `$SADDLE_CACHE`, by
default `.cache/` of the checkout, or `~/.cache/saddle` where the package is installed without one. A file is written
under a temporary name and renamed, so it is either whole or absent; one process makes it while the others wait.
"""

import json
import math
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock

if TYPE_CHECKING:
    import numpy as np

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = root if ((root := PACKAGE.parents[1]) / "conf" / "train.yaml").is_file() else None
"""The repository that this package is a part of; None where it was installed from a wheel."""
SHIPPED = PACKAGE / "metrics" / "weights"
"""Weights of the feature extractors that the package contains."""
NOT_FINITE = "not_finite"
"""Key of a stored mapping under which it says what its nulls stand for."""


def shipped(in_checkout: str, in_package: str) -> Path:
    """A file or folder that the wheel has in another place than the repository (`force-include` in pyproject.toml)."""
    return PACKAGE / in_package if CHECKOUT is None else CHECKOUT / in_checkout


def folder() -> Path:
    """The folder of the cache."""
    if named := os.environ.get("SADDLE_CACHE"):
        return Path(named)
    if CHECKOUT is not None:
        return CHECKOUT / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "saddle"


def cached(name: str, make: "Callable[[], dict[str, np.ndarray]]") -> "dict[str, np.ndarray]":
    """The arrays stored as `name` (a relative path without suffix), made by `make()` if they are not there.

    `name` must say everything the arrays depend on. A file that cannot be read is made again.

    Raises:
        OSError: nothing can be written there.
    """
    path = folder() / f"{name}.npz"
    with alone(path):
        stored = _load(path)
        if stored is None:
            stored = make()
            _store(path, stored)
    return stored


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time: the others wait, and then find what it made under `path`, whose folder is made."""
    lock = FileLock(path.with_suffix(".lock"))
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Errors of the system name the file of the cache that was to be written, and the way to another cache."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{path} cannot be written: {error.strerror or error}; SADDLE_CACHE=DIR chooses another place for the cache"
        ) from None


def _load(path: Path) -> "dict[str, np.ndarray] | None":
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except Exception:  # a damaged archive fails in every way there is
        return None


def _store(path: Path, arrays: "dict[str, np.ndarray]") -> None:
    import numpy as np

    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with writing(path):
            with temporary.open("wb") as file:
                np.savez(file, **cast(dict[str, Any], arrays))  # the stub takes any keyword for a flag
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def socket_timeout(seconds: float) -> Iterator[None]:
    """While it lasts, a connection that is silent for this long raises an OSError; libraries would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def weights_file(weights: str) -> Path:
    """The file that `extractor.weights` means: a bare name ships with the package, a path with a folder in it does not.

    Raises:
        FileNotFoundError: there is no such file.
    """
    named = Path(weights).expanduser()
    path = SHIPPED / named if named.name == weights else named
    if path.is_file():
        return path
    shipped = " and ".join(sorted(file.name for file in SHIPPED.glob("*.safetensors")))
    here = f"; the file of that name in this folder is ./{weights}" if named.is_file() else ""
    raise FileNotFoundError(f"extractor.weights={weights}: there is no {path}; the package has {shipped}{here}")


def to_json(content: Any, indent: int | None = None) -> str:
    """`content` as strict JSON, which has neither NaN nor Infinity (RFC 8259, section 6).

    A float that is not finite becomes null, and `not_finite` in the outermost mapping maps its JSON pointer (RFC 6901)
    to "nan", "inf" or "-inf". `from_json` restores it. Values of other types are written as their text.
    """
    return json.dumps(_finite(content), indent=indent, ensure_ascii=False, allow_nan=False, default=str)


def from_json(text: str | bytes) -> Any:
    """The content of a text that `to_json` wrote, and of any other JSON.

    Raises:
        ValueError: the text is not JSON.
        RecursionError: it is nested too deeply.
    """
    content = json.loads(text)
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict) and isinstance(reasons := part.pop(NOT_FINITE, None), dict):
            for pointer, value in reasons.items():
                _restore(part, [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]], value)
    return content


def _finite(content: Any) -> Any:
    if isinstance(content, list | tuple):
        return [_finite(part) for part in content]
    reasons: dict[str, str] = {}
    content = _replaced(content, "", reasons)
    return {**content, NOT_FINITE: reasons} if reasons and isinstance(content, dict) else content


def _replaced(content: Any, pointer: str, reasons: dict[str, str]) -> Any:
    """`content` with None for floats that are not finite, which are entered in `reasons`."""
    if isinstance(content, float) and not math.isfinite(content):
        reasons[pointer] = str(float(content))
        return None
    if isinstance(content, Mapping):
        steps = {key: str(key).replace("~", "~0").replace("/", "~1") for key in content}
        return {key: _replaced(value, f"{pointer}/{steps[key]}", reasons) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_replaced(value, f"{pointer}/{i}", reasons) for i, value in enumerate(content)]
    return content


def _restore(content: Any, steps: list[str], value: object) -> None:
    """Enter a number that is not finite again; ignore a pointer that leads nowhere, as in a file changed by hand."""
    for step in steps[:-1]:
        content = _part(content, step)
    if steps and value in ("nan", "inf", "-inf") and _part(content, steps[-1], absent=...) is None:
        content[int(steps[-1]) if isinstance(content, list) else steps[-1]] = float(str(value))


def _part(content: Any, step: str, absent: object = None) -> Any:
    if isinstance(content, dict):
        return content.get(step, absent)
    is_index = isinstance(content, list) and step.isdecimal() and int(step) < len(content)
    return content[int(step)] if is_index else absent
