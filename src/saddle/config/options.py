"""The options that were chosen in the groups, by the names that a person types, and the keys that an option sets.

A configuration keeps Hydra's own choices in its node `options`: `{loss: hinge, optimizer: {generator: adam, ...}}`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OPTIONS = "options"
"""The top-level node that holds the names of the chosen options; a part of no run's identity."""


def option_name(config: Mapping[str, Any], place: str) -> str:
    """The name of the option at `place`, such as `loss` or `optimizer.generator`; `none` where there is none.

    Runs stored by versions up to 0.2 do not know their options: there it is the module of the class.
    """
    name, node = _at(config.get(OPTIONS), place), _at(config, place)
    if name is not None:
        return ",".join(map(str, name)) if isinstance(name, list) else str(name)
    target = str(node.get("_target_", "none")) if hasattr(node, "get") else "none"
    return target.split(".")[-2 if target.startswith("saddle.") else -1]


def chosen(group: str, config: Mapping[str, Any]) -> str:
    """`penalty=r1`, as a person types it."""
    return f"{group}={option_name(config, group)}"


def _at(config: Any, place: str) -> Any:
    """What is at a path; None where there is nothing."""
    for step in place.split("."):
        config = config.get(step) if hasattr(config, "get") else None
    return config


def settings_in(file: Path, place: str) -> list[tuple[str, str]]:
    """What an option's file sets, `penalty.gamma=10.0`, each with its comment; mere references are left out.

    Args:
        file: the option's file.
        place: where its keys are in a configuration, such as `penalty` or `optimizer.generator`.
    """
    written = file.read_text(encoding="utf-8")
    settings = [(f"{group}={option}", "") for group, option in _CHOICE.findall(written)]
    package = _PACKAGE.search(written)
    above = [] if package and package[1] == "_global_" else [package[1] if package else place]
    steps: list[tuple[int, str]] = [(-1, step) for step in above]
    for indent, key, value, text in _SETTING.findall(written):
        while steps and steps[-1][0] >= len(indent):
            steps.pop()
        steps.append((len(indent), key))
        path, plain = ".".join(step for _, step in steps), value.replace(" ", "").replace('"', "")
        if text or (plain and not key.startswith("_") and not _REFERENCE.fullmatch(plain)):
            settings.append((f"{path}={plain}" if plain else path, text))
    return settings


_CHOICE = re.compile(r"^ +- (?:override )?/([\w@.]+?)(?:@_global_[\w.]*)?: (\w+)", re.MULTILINE)
_PACKAGE = re.compile(r"^# @package (\S+)", re.MULTILINE)
_SETTING = re.compile(r"^( *)(\w+):(?: +([^\s#].*?))?(?: +# (.+))?$", re.MULTILINE)
_REFERENCE = re.compile(r"\$\{[\w.\[\]]+\}")
