"""Explains why an override does not compose: there is no such option, group or key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hydra.core.override_parser.types import Override

from saddle.config.field_names import written_here
from saddle.config.keys import MOUNTED, SEVERAL
from saddle.config.messages import ConfigError, listing, meant, nearest
from saddle.config.signatures import signature
from saddle.config.targets import resolve


def check_option(override: Override, options: list[str]) -> None:
    """Refuse the choice of an option that its group does not have."""
    key, value = override.get_key_element(), override.value()
    if override.is_delete() or isinstance(value, dict):
        return
    if value is None:
        raise ConfigError(f"{key}=null: takes {listing(options, 'or')}; to leave the group out, write ~{key}")
    if isinstance(value, list) and override.key_or_group not in SEVERAL:
        raise ConfigError(f"{override.input_line}: takes one option; for a sweep over several: -m {key}=a,b")
    names = [str(option) for option in (value if isinstance(value, list) else [value])]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ConfigError(f"{override.input_line}: {listing(twice, 'and')} is chosen twice; name each option once")
    if "none" in names and len(names) > 1:
        rest = ",".join(name for name in names if name != "none")
        raise ConfigError(f"{override.input_line}: none goes with no other option; write {key}=none or {key}=[{rest}]")
    for option in names:
        if option not in options:
            raise ConfigError(f"{override.input_line}: {no_option(override.key_or_group, option, options)}")


def no_option(group: str, option: str, options: list[str]) -> str:
    """Says that a group has no `option`, and which of its options may have been meant."""
    near = meant(nearest(option, options), f"choose {listing(options, 'or')}")
    return f"there is no such option{written_here(f'{group}={option}', option) or near}"


def check_mount(override: Override, mounts: Sequence[str]) -> None:
    """Refuse a choice in a group that has another name, or one that is added (`+`) although it is made already.

    `mounts` are the groups as the defaults list names them: `loss`, `optimizer@optimizer.generator`.
    """
    key, line = override.get_key_element().lstrip("+~"), override.input_line
    same = [mount for mount in mounts if mount.partition("@")[0] == override.key_or_group]
    if override.is_delete():
        if key not in same:
            there = (
                f"write {listing([f'~{mount}' for mount in same], 'or')}" if same else "there is nothing to leave out"
            )
            raise ConfigError(f"{line}: no option is chosen there; {there}")
        return
    value = override.get_value_string()
    if override.is_add() and key in same:
        raise ConfigError(f"{line}: {key} is there already; write {key}={value}")
    if override.key_or_group in MOUNTED and key not in same:
        raise ConfigError(f"{line}: write +{override.key_or_group}@{MOUNTED[override.key_or_group]}.{value}={value}")
    if same and key not in same:
        options = listing([f"{mount}={value}" for mount in same], "or")
        raise ConfigError(f"{line}: write {options}")


def check_replaced(override: Override, mounts: Sequence[str]) -> None:
    """Refuse a plain value in the place of a group's option: `optimizer.generator=adam`."""
    if override.is_delete() or isinstance(override.value(), dict):
        return
    for mount in mounts:
        if mount.partition("@")[2] == override.key_or_group:
            raise ConfigError(f"{override.input_line}: an option is chosen with {mount}={override.get_value_string()}")


def check_key(
    override: Override, composed: dict[str, Any], mounts: Sequence[str], having: Callable[[str, str], list[str]]
) -> None:
    """Refuse a key that does not exist, or one that is added (`+`) although it exists.

    `having(group, key)` are the options of a group that have a key.
    """
    line, key, at = str(override.input_line), override.key_or_group, composed
    if key in mounts and key not in composed:
        raise ConfigError(f"{line}: the group {key} has no options yet")
    steps = key.split(".")
    for depth, step in enumerate(steps):
        if not isinstance(at, dict):
            raise ConfigError(f"{line}: {'.'.join(steps[:depth])} is a value and holds no {step}")
        if step not in at and (override.is_add() or override.is_force_add()):
            return
        if step not in at:
            above = ".".join(steps[:depth])
            if step in _arguments(at, above):
                raise ConfigError(f"{line}: {above} leaves {step} at its default; write +{line}")
            if not at and above in mounts:
                first = listing([f"{above}={option}" for option in having(above, step) or having(above, "")], "or")
                raise ConfigError(f"{line}: no {above} is chosen that has {step}; choose one first: {first}")
            place = f"{above} has no {step}" if above else f"there is no key {step}"
            held = listing([str(name) for name in at if not str(name).startswith("_")], "and")
            others = [] if above not in mounts else [f"{above}={option}" for option in having(above, step)]
            elsewhere = f"; {listing(others, 'and')} {'have' if len(others) > 1 else 'has'} one" if others else ""
            otherwise = f"it has {held}{elsewhere}" if above else "--help lists all keys"
            near = meant(_alternatives(steps, depth, at, composed, mounts), otherwise)
            raise ConfigError(f"{line}: {place}{_called(key, composed, line) or near}")
        at = at[step]
    if override.is_add() and not isinstance(at, dict):
        raise ConfigError(f"{line}: {key} is there already; write {line.lstrip('+')}")


def _called(key: str, composed: dict[str, Any], line: str) -> str:
    """The key of Saddle for another name of the field; nothing if the name is the last part of a key of Saddle."""
    there = "." in key or any(leaf.rpartition(".")[2] == key for leaf in _leaves(composed))
    return "" if there else written_here(key, line.partition("=")[2])


def _alternatives(
    steps: list[str], depth: int, at: dict[str, Any], composed: dict[str, Any], mounts: Sequence[str]
) -> list[str]:
    """Keys that may have been meant: with one step spelled differently, or with the same last step elsewhere.

    A single word such as `devices` more probably lacks the steps before it than is misspelled.
    """
    groups = [] if depth else [mount for mount in mounts if mount.isidentifier()]
    near = [".".join([*steps[:depth], name, *steps[depth + 1 :]]) for name in nearest(steps[depth], [*at, *groups])]
    leaves = list(_leaves(composed))
    there = [name for name in near if any(f"{leaf}.".startswith(f"{name}.") for leaf in [*leaves, *groups])]
    same = [leaf for leaf in leaves if leaf.split(".")[-1] == steps[-1]]
    return (same or there if len(steps) == 1 else there or same)[:3]


def _arguments(node: dict[str, Any], path: str) -> Iterable[str]:
    """The arguments of a node's class, whether or not the node has them."""
    try:
        return signature(resolve(node["_target_"], path)).arguments if "_target_" in node else ()
    except ConfigError:
        return ()


def _leaves(container: Any, path: str = "") -> Iterator[str]:
    if isinstance(container, dict):
        for key, value in container.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path
