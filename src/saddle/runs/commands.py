"""How commands are started: `python src/train.py` in a checkout, `saddle train` where the package is installed."""

import re
import shlex
import shutil
import sys
from pathlib import Path

from saddle.storage import CHECKOUT


def program(command: str) -> list[str]:
    """The start of the command line of a new process for `command`, started as this process was; arguments follow."""
    script = Path(sys.argv[0]).resolve()
    return [sys.executable, str(script), *([] if script.suffix == ".py" else [command])]


def command_line(command: str) -> str:
    """The whole command line with which a person started `command` in this process."""
    words = ["saddle", command] if _by_console_script() else ["python", sys.argv[0]]
    return shlex.join([*words, *sys.argv[1:]])


def typed(command: str) -> str:
    """`command` as the user types it here: it runs as it is, whether or not an environment is activated."""
    return as_typed(f"python src/{command}.py")


def as_typed(text: str) -> str:
    """`text` with commands such as `python src/train.py` replaced by what the user types here."""
    script = Path(sys.argv[0])
    folder = script.parent if script.suffix == ".py" and script.parent.name == "src" else Path("src")
    checkout, package = f"{_quoted(_interpreter())} {_quoted(folder)}/{{}}.py", f"{_quoted(_installed())} {{}}"
    words = in_checkout(checkout, package)
    return re.sub(r"python src/(\w+)\.py", lambda command: words.format(command[1]), text)


def _interpreter() -> Path:
    """`python` if the shell finds this process's Python by that name, as in an activated environment, else its path."""
    return _shortest("python", Path(sys.executable))


def _installed() -> Path:
    """`saddle` if the shell finds the command by which this process was started, else its path."""
    script = Path(sys.argv[0])
    return _shortest("saddle", script) if _by_console_script() else Path("saddle")


def _shortest(name: str, path: Path) -> Path:
    there = shutil.which(name)
    if there is not None and Path(there).absolute().parent == path.absolute().parent:
        return Path(name)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def in_checkout(words: str, otherwise: str) -> str:
    """`words` for a user who works in a checkout, `otherwise` for one who has installed the package."""
    return otherwise if _by_console_script() or CHECKOUT is None else words


def _by_console_script() -> bool:
    return Path(sys.argv[0]).name == "saddle"
