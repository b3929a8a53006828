"""Options of the groups as a person types them: which one a node is of, and which keys one has."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from saddle.config.keys import CONF, option_files


def chosen(group: str, node: Mapping[str, Any], conf: Path = CONF) -> str:
    """`penalty=r1`, the option that a node is of: it has the same classes, and of several such most of the values.

    A node whose class no option has is called by its class, `penalty._target_=...`.
    """
    own = dict(leaves(node))
    files = {option: dict(leaves(_read(file))) for option, file in option_files(conf)[group].items()}
    scores = {option: _shared(own, other) for option, other in files.items()}
    best = max(scores, key=lambda option: scores[option])
    return f"{group}={best}" if scores[best][0] else f"{group}._target_={own.get('_target_')}"


def settings_in(file: Path, place: str) -> list[tuple[str, str]]:
    """What a option's file sets, `penalty.gamma=10.0`, each with the comment beside it; what only refers is left out.

    Args:
        file: the option's.
        place: where its keys stand, such as `penalty` or `optimizer.generator`.
    """
    written = file.read_text(encoding="utf-8")
    found = [(f"{group}={option}", "") for group, option in _CHOICE.findall(written)]
    package = _PACKAGE.search(written)
    above = [] if package and package[1] == "_global_" else [package[1] if package else place]
    steps: list[tuple[int, str]] = [(-1, step) for step in above]
    for indent, key, value, text in _SETTING.findall(written):
        while steps and steps[-1][0] >= len(indent):
            steps.pop()
        steps.append((len(indent), key))
        path, plain = ".".join(step for _, step in steps), value.replace(" ", "").replace('"', "")
        if text or (plain and not key.startswith("_") and not _REFERENCE.fullmatch(plain)):
            found.append((f"{path}={plain}" if plain else path, text))
    return found


_CHOICE = re.compile(r"^ +- (?:override )?/([\w@.]+?)(?:@_global_[\w.]*)?: (\w+)", re.MULTILINE)
_PACKAGE = re.compile(r"^# @package (\S+)", re.MULTILINE)
_SETTING = re.compile(r"^( *)(\w+):(?: +([^\s#].*?))?(?: +# (.+))?$", re.MULTILINE)
_REFERENCE = re.compile(r"\$\{[\w.\[\]]+\}")


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a node that is no mapping, by its path inside the node."""
    if not isinstance(node, Mapping):
        yield path, node
        return
    for key, value in node.items():
        yield from leaves(value, f"{path}.{key}" if path else str(key))


def _shared(own: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[int, int, int]:
    """How many classes and how many other values are the same; then, the more the better, minus what one only has."""
    same = [path for path, value in own.items() if path in other and other[path] == value]
    classes = [path for path in same if path.rpartition(".")[2] == "_target_"]
    return len(classes), len(same) - len(classes), -len(own.keys() ^ other.keys())


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
