"""Members of the groups as a person types them: which one a node is of, and which keys one has."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from saddle.config.keys import CONF, groups


def chosen(group: str, node: Mapping[str, Any], conf: Path = CONF) -> str:
    """`penalty=r1`, the member that a node is of: it has the same classes, and of several such most of the values.

    A node whose class no member has is called by its class, `penalty._target_=...`.
    """
    own = dict(leaves(node))
    files = {member: dict(leaves(_read(conf / group / f"{member}.yaml"))) for member in groups(conf)[group]}
    scores = {member: _shared(own, other) for member, other in files.items()}
    best = max(scores, key=lambda member: scores[member])
    return f"{group}={best}" if scores[best][0] else f"{group}._target_={own.get('_target_')}"


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a node that is no mapping, by its path inside the node."""
    if not isinstance(node, Mapping):
        yield path, node
        return
    for key, value in node.items():
        yield from leaves(value, f"{path}.{key}" if path else str(key))


def _shared(own: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[int, int]:
    """How many classes, and how many other values, two nodes have in common."""
    same = [path for path, value in own.items() if path in other and other[path] == value]
    classes = [path for path in same if path.rpartition(".")[2] == "_target_"]
    return len(classes), len(same) - len(classes)


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
