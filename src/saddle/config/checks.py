"""Checks one composed configuration: keys, references, types, targets, combinations."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from saddle.config.field_names import written_here
from saddle.config.keys import CONF, KINDS, MOUNTED, NEEDED, PLAYERS, SEVERAL, WHOLE, groups
from saddle.config.messages import ConfigError, listing, meant, nearest, show
from saddle.config.nodes import NodeCheck
from saddle.config.options import OPTIONS
from saddle.config.rules import RULES, THERE
from saddle.config.unused import unused_paths


def check(cfg: DictConfig, conf: Path = CONF, *, files: bool = True) -> None:
    """Refuse a composed configuration that cannot be run.

    Args:
        cfg: the configuration of one job, with or without Hydra's own node.
        conf: the folder of the groups.
        files: whether the files that it names must exist, as for training; sampling does not need them.

    Raises:
        ConfigError: with one line for each mistake.
    """
    job = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    written: Any = OmegaConf.to_container(job, resolve=False)
    model = written.get("model")
    missing = unused_paths(model if isinstance(model, dict) else {}, conf)
    mistakes = [*_structure(written, conf, missing)] or [*_unresolved(job, written)]
    if not mistakes:
        values: Any = OmegaConf.to_container(job, resolve=True)
        mistakes = NodeCheck(values, written, groups(conf), missing).mistakes()
        rules = (*RULES, *THERE) if files else RULES
        mistakes = mistakes or [mistake for rule in rules for mistake in rule(values)]
    if mistakes:
        raise ConfigError("\n".join(dict.fromkeys(mistakes)))


def _structure(written: dict[str, Any], conf: Path, missing: Sequence[str]) -> Iterator[str]:
    """Keys that must not be there, keys and nodes that are lacking; `missing` are those that the model does not use."""
    options = groups(conf)
    known = {*KINDS, *options, OPTIONS} - {*WHOLE, *MOUNTED}
    for key in WHOLE:
        if key in written:
            yield f"the file of {key}=... sets keys inside {key} only: it must begin with `# @package _global_`"
    for key in (key for key in MOUNTED if key in written):
        yield f"there is no key {key}; an option of this group is added with +{key}@{MOUNTED[key]}.NAME=NAME"
    for key in (key for key in written if key not in known and key not in {*WHOLE, *MOUNTED}):
        called = written_here(key, show(written[key]))
        yield f"there is no key {key}{called or meant(nearest(key, known), '--help lists all keys')}"
    names = [*_leaves(written.get(OPTIONS) or {})] if isinstance(written.get(OPTIONS) or {}, dict) else [(OPTIONS, "")]
    for path, name in names:
        if not re.fullmatch(r"[\w.+-]+", str(name)):
            yield f"{OPTIONS}: {path!r} is not the name of an option; Saddle writes this node itself"
    for key in (key for key in KINDS if key not in written):
        yield f"{key} is missing: set {key}=..."
    for choice in NEEDED:
        group, _, place = choice.partition("@")
        if _there(written, place or group) is None and (place or group) not in missing:
            yield f"there is no {place or group}, which every run needs: set {choice}={listing(options[group], 'or')}"
    for player in ("generator", "discriminator"):
        if written.get("network") and f"network.{player}" not in missing and player not in written["network"]:
            yield f"network has no node {player}: the yaml file of an option has one for each player"
    for group in (group for group in SEVERAL if OPTIONS in written):  # runs of Saddle 0.2 stored W&B's node alone
        if written.get(group) is not None and not isinstance(written[group], dict):
            yield f"{group}={show(written[group])}: takes options, {group}=NAME or {group}=[NAME,NAME]"
            written[group] = None
        if "_target_" in (written.get(group) or {}):
            yield f"{group}: the yaml file of an option NAME must begin with `# @package {group}.NAME`"
    for group in (group for group in options if group not in {*PLAYERS, *SEVERAL, *WHOLE, *MOUNTED}):
        node = written.get(group)
        if isinstance(node, dict) and node and "_target_" not in node:
            yield f"{group} names no class: the yaml file of an option needs _target_: PACKAGE.MODULE.CLASS"
    for group in (*PLAYERS, *SEVERAL):
        nodes = written.get(group) or {}
        for player, node in nodes.items() if "_target_" not in nodes else ():  # W&B's alone, in runs of Saddle 0.2
            if f"{group}.{player}" in missing and node is None:
                continue
            if not isinstance(node, dict) or "_target_" not in node:
                setting = f"{group}.{player}={show(node)}"
                yield f"{setting}: takes a node with _target_; set a value inside it, or choose another option"


def _unresolved(job: DictConfig, written: dict[str, Any]) -> Iterator[str]:
    """Values that are missing and references that cannot be resolved; each cause is named once."""
    causes: set[str] = set()
    for path, value in _leaves(written):
        if value == "???":
            yield f"{path} is missing: set {path}=..."
        elif isinstance(value, str) and "${" in value:
            try:
                OmegaConf.select(job, path, throw_on_missing=True)
            except InterpolationToMissingValueError:
                pass  # named where it is missing
            except OmegaConfBaseException as error:
                cause = str(error.msg or error).splitlines()[0].rpartition("raised while resolving interpolation: ")[2]
                if cause not in causes:
                    yield f"{path}={value} cannot be resolved: {cause}"
                causes.add(cause)


def _there(written: Any, path: str) -> Any:
    """The value at `path`, or None."""
    for step in path.split("."):
        written = written.get(step) if isinstance(written, dict) else None
    return written


def _leaves(written: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is not a container, with its path."""
    if isinstance(written, dict):
        for key, value in written.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(written, list):
        for i, value in enumerate(written):
            yield from _leaves(value, f"{path}[{i}]")
    else:
        yield path, written
