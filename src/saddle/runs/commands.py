"""How commands are started: `python src/train.py` in a checkout, `saddle train` where the package is installed."""

import re
import shlex
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
    """`command` as the user types it in this installation."""
    return as_typed(f"python src/{command}.py")


def as_typed(text: str) -> str:
    """`text` with commands such as `python src/train.py` replaced by what the user types in this installation."""
    return in_checkout(text, re.sub(r"python src/(\w+)\.py", r"saddle \1", text))


def in_checkout(words: str, otherwise: str) -> str:
    """`words` for a user who works in a checkout, `otherwise` for one who has installed the package."""
    return otherwise if _by_console_script() or CHECKOUT is None else words


def _by_console_script() -> bool:
    return Path(sys.argv[0]).name == "saddle"
