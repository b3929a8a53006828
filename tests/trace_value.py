"""How many files does one configuration value pass through on its way from the command into the built object?

    python tests/trace_value.py                   the files in the order of the first call, and their number

The command is `python src/train.py penalty=r1 penalty.gamma=VALUE` with a VALUE that nothing else has. A file of src/
counts if one of its functions is called, before the model is built, with an argument that is or holds the value: the
number, the override as it was typed, or a list, mapping or configuration that holds one of them at any depth. Objects
of classes are not opened, and comprehensions and module bodies are no functions.
"""

import os
import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

SRC = Path(__file__).resolve().parents[1] / "src"
VALUE = 0.0123456789
COMMAND = ["penalty=r1", f"penalty.gamma={VALUE}", "data=ring", "network=mlp", "logger=none", "updates=1"]


class _Built(BaseException):
    """The penalty is built, and handed to its model."""


def files() -> list[str]:
    """The files of src/ through which the value passes, in the order of the first call."""
    passed: dict[str, None] = {}

    def profile(frame: FrameType, event: str, _: Any) -> None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if event != "call" or not file.startswith(str(SRC)) or function.startswith("<"):
            return
        name = str(Path(file).relative_to(SRC))
        if function == "__init__" and name.startswith("saddle/models/gan"):
            raise _Built
        if name not in passed and any(map(_holds, _arguments(frame))):
            passed[name] = None

    sys.argv = [str(SRC / "train.py"), *COMMAND]
    sys.setprofile(profile)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except _Built:
        return list(passed)
    finally:
        sys.setprofile(None)
    raise AssertionError("the model was not built")


def _arguments(frame: FrameType) -> Iterator[Any]:
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    yield from (frame.f_locals.get(name) for name in code.co_varnames[:count])


def _holds(value: Any) -> bool:
    if isinstance(value, DictConfig | ListConfig):
        value = OmegaConf.to_container(value, resolve=False, throw_on_missing=False)
    if isinstance(value, dict):
        return any(map(_holds, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds, value))
    return value == VALUE if isinstance(value, float) else isinstance(value, str) and str(VALUE) in value


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        found = files()
    print("\n".join([*found, f"{len(found)} files"]))
