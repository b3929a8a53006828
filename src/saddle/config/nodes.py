"""Checks values: top-level keys against their types, the keys of a node against its target's signature."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints, is_typeddict

from saddle.config.keys import KINDS
from saddle.config.kinds import describe, fits, mended
from saddle.config.messages import ConfigError, listing, meant, nearest, show
from saddle.config.options import chosen
from saddle.config.packages import trusted_packages
from saddle.config.signatures import Signature, signature
from saddle.config.targets import NODE_KEYS, resolve


@dataclass(frozen=True)
class Mismatch:
    """A value of the wrong type."""

    source: str
    """The path where it was set."""
    path: str
    """The path where it is used."""
    value: Any
    takes: str
    """What would be right there."""
    meant: str | None
    """What the value was probably meant to be."""


class NodeCheck:
    """Walks through a configuration and collects what is wrong with its values."""

    def __init__(
        self, values: dict[str, Any], written: dict[str, Any], options: dict[str, list[str]], missing: Sequence[str]
    ) -> None:
        """Take the configuration resolved and as written, the groups' options, and the paths that the model lacks."""
        self.values, self.written, self.options, self.missing = values, written, options, missing
        self.mismatches: list[Mismatch] = []
        self.others: list[str] = []

    def mistakes(self) -> list[str]:
        """One line for each mistake; a value that is refused in several places counts once."""
        for key, kind in KINDS.items():
            if is_typeddict(kind):
                self._group(key, self.values[key], get_type_hints(kind, include_extras=True))
            elif self.values[key] is not None or key not in self.missing:
                self._fit(key, self.values[key], kind)
        for key, value in self.values.items():
            self._walk(key, value)
        return [*self.others, *_merged(self.mismatches)]

    def _group(self, path: str, values: Any, kinds: dict[str, Any]) -> None:
        """Check the keys under one top-level key."""
        if not isinstance(values, dict):
            self.others.append(f"{path}={show(values)}: {path} takes no value itself; it has {listing(kinds, 'and')}")
            return
        for key in (key for key in values if key not in kinds):
            held = f"it has {listing(kinds, 'and')}"
            self.others.append(f"{path} has no {key}{meant(nearest(str(key), kinds), held)}")
        for key, kind in kinds.items():
            if key in values:
                self._fit(f"{path}.{key}", values[key], kind)
            else:
                self.others.append(f"{path}.{key} is missing: set +{path}.{key}=...")

    def _walk(self, path: str, value: Any) -> None:
        if isinstance(_at(self.written, path), str):
            return  # a value, or a reference to a node that is checked where it stands
        if isinstance(value, dict):
            if "_target_" in value:
                self._node(path, value)
            for key, inner in value.items():
                self._walk(f"{path}.{key}", inner)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                self._walk(f"{path}[{i}]", inner)

    def _node(self, path: str, node: dict[str, Any]) -> None:
        try:
            definition = resolve(node["_target_"], path)
            known = signature(definition)
        except ConfigError as error:
            self.others.append(str(error))
            return
        arguments = {str(key): value for key, value in node.items() if not str(key).startswith("_")}
        for key in (key for key in node if str(key).startswith("_") and key not in NODE_KEYS):
            self.others.append(f"{path}.{key}: of Hydra's own keys, nodes take {listing(NODE_KEYS, 'and')} only")
        self._fit(f"{path}._partial_", node.get("_partial_", False), bool)
        for key in (key for key in arguments if key in known.arguments):
            self._fit(f"{path}.{key}", arguments[key], known.arguments[key].kind)
        for key in (key for key in arguments if key not in known.arguments and not known.open):
            near = meant(nearest(key, known.arguments), f"it takes {listing(known.arguments, 'and')}")
            self.others.append(f"{path}.{key}: {known.name} has no argument {key}{near}")
        if definition.module.name.startswith(tuple(package.prefix for package in trusted_packages())):
            for name in (name for name, argument in known.arguments.items() if not argument.required):
                if name not in arguments:
                    self.others.append(
                        f"{path}: {known.name} has a default for {name}; write the value into its yaml, {name}: ..."
                    )
        self._lacking(path, known, arguments, partial=node.get("_partial_") is True)

    def _lacking(self, path: str, known: Signature, arguments: Mapping[str, Any], partial: bool) -> None:
        """Required arguments that the node lacks; a partial node may lack all but groups that were left out."""
        lacking = [
            argument for argument in known.arguments.values() if argument.required and argument.name not in arguments
        ]
        if lacking and not partial:
            names = listing([argument.name for argument in lacking], "and")
            metric = path.startswith("evaluator.metrics.") and lacking[0].name == "real"
            mend = "its yaml file needs _partial_: true" if metric else f"set +{path}.{lacking[0].name}=..."
            self.others.append(f"{path}: {known.name} needs {names}; {mend}")
        for argument in lacking if partial and path in self.options else ():
            options = self.options.get(argument.name)
            if options and not self.values.get(argument.name) and not fits(None, argument.kind):
                right = f"{argument.name}={listing(options, 'or')}"
                needing = chosen(path, self.values)
                self.others.append(f"there is no {argument.name}, which {needing} needs: set {right}")

    def _fit(self, path: str, value: Any, kind: Any) -> None:
        if _holds_node(value) or fits(value, kind):
            return
        self.mismatches.append(Mismatch(self._source(path), path, value, describe(kind), mended(value, kind)))

    def _source(self, path: str) -> str:
        """Where the value at `path` was set: references are followed."""
        while isinstance(text := _at(self.written, path), str) and (link := _REFERENCE.fullmatch(text)):
            path = link[1]
        return path


_REFERENCE = re.compile(r"\$\{(\w[\w.\[\]]*)\}")


def _at(container: Any, path: str) -> Any:
    """The value at `path`; None if a reference is on the way."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(container, str):
            return None
        container = container[int(step)] if isinstance(container, list) else container.get(step)
    return container


def _holds_node(value: Any) -> bool:
    if isinstance(value, dict):
        return "_target_" in value or any(map(_holds_node, value.values()))
    return isinstance(value, list) and any(map(_holds_node, value))


def _merged(mismatches: list[Mismatch]) -> Iterator[str]:
    """One line for all places that refuse a value in the same words, under the path where it was set."""
    direct = {mismatch.source for mismatch in mismatches if mismatch.source == mismatch.path}
    places: dict[tuple[str, str], list[Mismatch]] = {}
    for mismatch in mismatches:
        if mismatch.path == mismatch.source or mismatch.source not in direct:
            places.setdefault((mismatch.source, mismatch.takes), []).append(mismatch)
    for (source, takes), same in places.items():
        where = [mismatch.path for mismatch in same]
        verb = "takes" if len(where) == 1 else "take"
        hint = f"; write {source}={same[0].meant}" if same[0].meant else ""
        yield f"{source}={show(same[0].value)}: {listing(where, 'and')} {verb} {takes}{hint}"
