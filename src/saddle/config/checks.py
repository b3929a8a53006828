"""The check of one composed configuration: keys, targets, arguments, types, combinations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from saddle.config.keys import CONF, KINDS, NEEDED, groups
from saddle.config.kinds import describe, fits
from saddle.config.messages import ConfigError, listing, meant, nearest, show
from saddle.config.rules import RULES
from saddle.config.signatures import Signature, signature
from saddle.config.targets import NODE_KEYS, resolve


def check(cfg: DictConfig, conf: Path = CONF) -> None:
    """Refuse a composed configuration that cannot be run.

    Args:
        cfg: of one job; Hydra's own node may be in it.
        conf: the folder of the groups.

    Raises:
        ConfigError: with one line for each mistake.
    """
    job = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    written: Any = OmegaConf.to_container(job, resolve=False)
    mistakes = [*_absent(written, groups(conf)), *_unresolved(job, written)]
    if not mistakes:
        values: Any = OmegaConf.to_container(job, resolve=True)
        mistakes = _Checker(values, written, groups(conf)).mistakes()
        mistakes = mistakes or [mistake for rule in RULES for mistake in rule(values)]
    if mistakes:
        raise ConfigError("\n".join(dict.fromkeys(mistakes)))


def _absent(written: dict[str, Any], members: dict[str, list[str]]) -> Iterator[str]:
    """Top-level keys that should not be there, and those that should."""
    known = {*KINDS, *members}
    for key in written.keys() - known:
        yield f"there is no key {key}{meant(nearest(key, known))}"
    for key in KINDS.keys() - written.keys():
        yield f"{key} is missing: set {key}=..."
    for group in NEEDED:
        if written.get(group) is None:
            yield f"{group}=null: a run needs a {group}; there is {listing(members.get(group) or ['none'], 'and')}"


def _unresolved(job: DictConfig, written: Any, path: str = "") -> Iterator[str]:
    """Values that are missing, and interpolations that lead nowhere."""
    if isinstance(written, dict):
        for key, value in written.items():
            yield from _unresolved(job, value, f"{path}.{key}" if path else str(key))
    elif isinstance(written, list):
        for i, value in enumerate(written):
            yield from _unresolved(job, value, f"{path}[{i}]")
    elif written == "???":
        yield f"{path} is missing: set {path}=..."
    elif isinstance(written, str) and "${" in written:
        try:
            OmegaConf.select(job, path, throw_on_missing=True)
        except InterpolationToMissingValueError:
            pass  # reported where it is missing
        except OmegaConfBaseException as error:
            yield f"{path}={written} cannot be resolved: {str(error.msg or error).splitlines()[0]}"


@dataclass(frozen=True)
class _Misfit:
    """A value of the wrong type: where it was set, where it is used, what would be right there."""

    origin: str
    path: str
    takes: str


class _Checker:
    """Walks over the nodes of a configuration, `values`; `written` is the same before interpolations were resolved."""

    def __init__(self, values: dict[str, Any], written: dict[str, Any], members: dict[str, list[str]]) -> None:
        self.values, self.written, self.members = values, written, members
        self.misfits: list[_Misfit] = []
        self.others: list[str] = []

    def mistakes(self) -> list[str]:
        """One line for each mistake; a value refused in several places counts once."""
        for key, kind in KINDS.items():
            self.fit(key, self.values[key], kind)
        for key in self.values.keys() - KINDS.keys():
            self.walk(key, self.values[key])
        return [*self.others, *_merged(self.misfits)]

    def fit(self, path: str, value: Any, kind: Any) -> None:
        if not _holds_node(value) and not fits(value, kind):
            self.misfits.append(_Misfit(self.origin(path), path, describe(kind)))

    def walk(self, path: str, value: Any) -> None:
        if isinstance(value, dict):
            if "_target_" in value:
                self.node(path, value)
            for key, inner in value.items():
                self.walk(f"{path}.{key}", inner)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                self.walk(f"{path}[{i}]", inner)

    def node(self, path: str, node: dict[str, Any]) -> None:
        """One node with a `_target_`: may it be built, and from these arguments?"""
        try:
            known = signature(resolve(node["_target_"], path))
        except ConfigError as error:
            self.others.append(str(error))
            return
        given = {key: value for key, value in node.items() if not key.startswith("_")}
        for key in node.keys() - given.keys() - set(NODE_KEYS):
            self.others.append(f"{path}.{key}: of Hydra's own keys, nodes take {listing(NODE_KEYS, 'and')} only")
        self.fit(f"{path}._partial_", node.get("_partial_", False), bool)
        for key in given.keys() - known.arguments.keys() if not known.open else ():
            suggestion = (
                meant(nearest(key, known.arguments)) or f"; it takes {listing(known.arguments or ['none'], 'and')}"
            )
            self.others.append(f"{path}.{key}: {known.name} has no argument {key}{suggestion}")
        for key in given.keys() & known.arguments.keys():
            self.fit(f"{path}.{key}", given[key], known.arguments[key].kind)
        self.needed(path, known, given, partial=node.get("_partial_", False))

    def needed(self, path: str, known: Signature, given: dict[str, Any], partial: bool) -> None:
        """Arguments without which the node cannot be built; of a partial one, those that are groups."""
        absent = [argument for argument in known.arguments.values() if argument.required and argument.name not in given]
        if absent and not partial:
            self.others.append(
                f"{path}: {known.name} needs {listing([a.name for a in absent], 'and')}; set +{path}.{absent[0].name}=..."
            )
        for argument in absent if partial else ():
            members = self.members.get(argument.name)
            if members and self.values.get(argument.name) is None and not fits(None, argument.kind):
                self.others.append(
                    f"{argument.name}=null: {known.name} needs a {argument.name}: {listing(members, 'or')}"
                )

    def origin(self, path: str) -> str:
        """`key=value` where the value at `path` was set, through all interpolations."""
        while isinstance(text := _at(self.written, path), str) and (link := _INTERPOLATION.fullmatch(text)):
            path = link[1]
        return f"{path}={show(_at(self.values, path))}"


_INTERPOLATION = re.compile(r"\$\{(\w[\w.\[\]]*)\}")


def _at(container: Any, path: str) -> Any:
    for step in re.findall(r"[^.\[\]]+", path):
        match container:
            case dict():
                container = container.get(step)
            case list():
                container = container[int(step)]
            case _:
                return None
    return container


def _holds_node(value: Any) -> bool:
    if isinstance(value, dict):
        return "_target_" in value or any(map(_holds_node, value.values()))
    return isinstance(value, list) and any(map(_holds_node, value))


def _merged(misfits: list[_Misfit]) -> Iterator[str]:
    direct = {misfit.origin for misfit in misfits if misfit.origin.startswith(f"{misfit.path}=")}
    places: dict[tuple[str, str], list[str]] = {}
    for misfit in misfits:
        if misfit.origin not in direct or misfit.origin.startswith(f"{misfit.path}="):
            places.setdefault((misfit.origin, misfit.takes), []).append(misfit.path)
    for (origin, takes), paths in places.items():
        yield f"{origin}: {listing(paths, 'and')} {'takes' if len(paths) == 1 else 'take'} {takes}"
