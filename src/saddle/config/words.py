"""The words of a command line before Hydra reads them: present keys, and double quotes around paths."""

import re
from collections.abc import Mapping, Sequence
from os.path import exists, expanduser  # pathlib's would tidy the path up
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from saddle.config.stored_evaluator import EVALUATORS

PATH_KEYS = ("run", "sweep", "out", "data.root", "extractor.weights", "hydra.run.dir", "hydra.sweep.dir")
RENAMED = {
    f"evaluator.{key}": f"evaluator.metrics.{metric}.{key}"
    for _, metrics in EVALUATORS.values()
    for metric, keys in metrics.items()
    for key in keys
} | {f"logger.{key}": f"logger.wandb.{key}" for key in ("project", "entity", "timeout", "finish_timeout")}
"""Old key -> present key: for one release an override may use either, and a note gives the present one."""
_PATH = re.compile(rf"(\+{{0,2}}(?:{'|'.join(map(re.escape, PATH_KEYS))}))=(.+)", re.DOTALL)


def with_present_keys(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command line with present keys, and a note for each word that changed."""
    present, notes = [], []
    for word in words:
        key, equals, value = word.partition("=")
        prefix = key[: len(key) - len(key.lstrip("+"))]
        if key[len(prefix) :] in RENAMED and equals:
            moved = f"{prefix}{RENAMED[key[len(prefix) :]]}={value}"
            notes.append(f"{word} is now written {moved}; the old key will be refused in the next release")
            word = moved
        present.append(word)
    return present, notes


def quote_paths(argv: Sequence[str]) -> list[str]:
    """The arguments with the values of path keys in double quotes and a leading `~` expanded.

    Spaces, `#`, `(1)`, `=`, `,`, brackets, quotes, backslashes and any script thus reach the configuration as they are.
    Values that are quoted already stay, so a sweep over paths is data.root='"/a","/b"'; null stays as well. With -m,
    `data.root=A,B` is a sweep too if both A and B exist and `A,B` does not.
    """
    sweeping = any(word in ("-m", "--multirun", "hydra.mode=MULTIRUN") for word in argv)
    return [_quoted(argument, sweeping) for argument in argv]


def _quoted(argument: str, sweeping: bool) -> str:
    match = _PATH.fullmatch(argument)
    if match is None:
        return argument
    key, value = match.groups()
    if value.lower() == "null" or (value[0] in "\"'" and _parses(argument)):
        return argument
    whole, *parts = [expanduser(path) for path in (value, *value.split(","))]  # noqa: PTH111  # texts, kept as typed
    several = sweeping and not exists(whole) and all(map(exists, parts))  # noqa: PTH110
    return f"{key}={','.join(map(quote, parts if several else [whole]))}"


def quote(text: str) -> str:
    """`text` as a quoted value of Hydra's grammar, where a backslash stands for itself unless a quote follows it."""
    return '"' + re.sub(r'(\\*)("|$)', lambda match: match[1] * 2 + ("\\" + match[2] if match[2] else ""), text) + '"'


def assigned(key: str, value: Any) -> str:
    """The override `key=value` for a value of Python, in Hydra's grammar."""
    return f"{key}={_written(value)}"


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    text = str(value)
    plain = isinstance(value, int | float) or (_WORD.fullmatch(text) and text.lower() not in _NO_TEXT)
    return text if plain else quote(text)


_WORD = re.compile(r"[A-Za-z_][\w-]*")
_NO_TEXT = ("null", "true", "false", "nan", "inf")


def _parses(argument: str) -> bool:
    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return False
    return True
