"""Composing jobs with Hydra, and saying in words why one does not compose."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from saddle.config.checks import check
from saddle.config.keys import CONF, groups
from saddle.config.messages import ConfigError, listing, meant, nearest

ROOT = "train"


@contextmanager
def loader(conf: Path = CONF) -> Iterator[ConfigLoader]:
    """Hydra's loader: the one that is at work, as in a launcher, or a passing one for the folder `conf`."""
    if GlobalHydra.instance().is_initialized():
        yield GlobalHydra.instance().config_loader()
        return
    with initialize_config_dir(str(conf), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def parse(argument: str) -> Override:
    """One override.

    Raises:
        ConfigError: it is none.
    """
    if "=" not in argument and not argument.startswith("~"):
        raise ConfigError(f"{argument}: a setting is written KEY=VALUE, without spaces")
    try:
        gh = GlobalHydra.instance()
        return OverridesParser.create(gh.config_loader() if gh.is_initialized() else None).parse_override(argument)
    except HydraException:
        key, _, value = argument.partition("=")
        raise ConfigError(
            f"{argument}: this is not of the form KEY=VALUE; a value with special characters is written {key}='\"{value}\"'"
        ) from None


def compose(config_loader: ConfigLoader, overrides: Sequence[str], conf: Path) -> DictConfig:
    """The configuration of one job, Hydra's own node included.

    Raises:
        ConfigError: a member, a key or a file is wrong.
    """
    parsed = [parse(override) for override in overrides]
    for override in parsed:
        _check_member(override, conf)
    try:
        return config_loader.load_configuration(ROOT, list(overrides), RunMode.RUN, from_shell=False)
    except YAMLError as error:
        raise ConfigError(f"a file of conf/ is no YAML: {' '.join(str(error).split())}") from None
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        _explain(config_loader, parsed, conf)
        cause = f": {error.__cause__}" if error.__cause__ else ""
        raise ConfigError(" ".join(f"{error}{cause}".split())) from None


def check_jobs(jobs: Sequence[Sequence[str]], conf: Path = CONF) -> None:
    """Compose and check every job of a sweep.

    Args:
        jobs: the overrides of each.

    Raises:
        ConfigError: names the first job that cannot be run, and why.
    """
    with loader(conf) as config_loader:
        for i, job in enumerate(jobs):
            try:
                check(compose(config_loader, job, conf), conf)
            except ConfigError as error:
                where = f"job {i + 1} of {len(jobs)}, {' '.join(job)}:\n" if len(jobs) > 1 else ""
                raise ConfigError(f"{where}{error}") from None


def _check_member(override: Override, conf: Path) -> None:
    members = groups(conf).get(override.key_or_group)
    value = override.value()
    if members is None or override.is_delete() or isinstance(value, dict):
        return
    if value is None:
        key = override.get_key_element()
        raise ConfigError(f"{key}=null: takes {listing(members, 'or')}; to leave the group out, write ~{key}")
    if isinstance(value, list):
        raise ConfigError(
            f"{override.input_line}: takes one member, not a list; for a sweep: -m {override.key_or_group}=a,b"
        )
    if str(value) not in members:
        suggestion = meant(nearest(str(value), members))
        choice = f"choose {listing(members, 'or')}" if members else "the group is empty"
        raise ConfigError(f"{override.input_line}: there is no such member{suggestion or '; ' + choice}")


def _explain(config_loader: ConfigLoader, parsed: Sequence[Override], conf: Path) -> None:
    """Find the override that does not fit what the others compose to, and refuse it."""
    known = groups(conf)
    chosen = [
        override for override in parsed if override.key_or_group in known and not isinstance(override.value(), dict)
    ]
    try:
        cfg = config_loader.load_configuration(ROOT, [str(o.input_line) for o in chosen], RunMode.RUN, from_shell=False)
    except HydraException:
        for override in chosen:
            _explain_group(config_loader, override)
        return
    keys = [str(key) for key in cfg if key != "hydra"]
    composed: Any = OmegaConf.to_container(OmegaConf.masked_copy(cfg, keys), resolve=False)
    for override in parsed:
        if override not in chosen and not override.is_hydra_override():
            _explain_key(override, composed, known)


def _explain_group(config_loader: ConfigLoader, override: Override) -> None:
    """A group that is not in the defaults list under this name, or that is there already."""
    group, line = override.key_or_group, override.input_line
    cfg = config_loader.load_configuration(ROOT, [], RunMode.RUN, from_shell=False)
    choices = [str(choice) for choice in cfg.hydra.runtime.choices]
    same = [choice for choice in choices if choice.partition("@")[0] == group]
    if override.get_key_element() in same:
        return
    if override.is_add() and group in same:
        raise ConfigError(f"{line}: {group} is there already; write {group}={override.get_value_string()}")
    if same:
        options = listing([f"{choice}={override.get_value_string()}" for choice in same], "or")
        raise ConfigError(f"{line}: there are {len(same)} of this group; write {options}")


def _explain_key(override: Override, composed: dict[str, Any], known: dict[str, list[str]]) -> None:
    """A key that is not there, or one that is added although it is."""
    key, line = override.key_or_group, override.input_line
    at: Any = composed
    steps = key.split(".")
    for i, step in enumerate(steps):
        inner = at.get(step) if isinstance(at, dict) else None
        if not isinstance(at, dict) or step not in at:
            if override.is_add() or override.is_force_add():
                return
            raise ConfigError(f"{line}: {_unknown(steps, i, at, composed, known)}")
        at = inner
    if override.is_add() and not isinstance(at, dict):
        raise ConfigError(f"{line}: {key} is there already; write {str(line).lstrip('+')}")


def _unknown(steps: list[str], depth: int, at: Any, composed: dict[str, Any], known: dict[str, list[str]]) -> str:
    """Why step number `depth` of a key leads nowhere, and where it may have been meant to lead."""
    parent, step, rest = ".".join(steps[:depth]), steps[depth], steps[depth + 1 :]
    if not isinstance(at, dict):
        return f"{parent} is a value, it holds no {step}"
    leaves = list(_leaves(composed))
    names = nearest(step, [*at, *(known if not parent else ())])
    near = [".".join([*steps[:depth], name, *rest]) for name in names]
    deeper = [leaf for leaf in leaves if leaf.split(".")[-1] == steps[-1]]
    held = listing(map(str, at), "and") if at else "nothing"
    suggestion = meant((near if not deeper or (not parent and near) else []) or deeper[:3]) or (
        f"; it has {held}" if parent else ""
    )
    place = f"{parent} has no {step}" if parent else f"there is no key {step}"
    return f"{place}{suggestion}"


def _leaves(container: Any, path: str = "") -> Iterator[str]:
    if isinstance(container, dict):
        for key, value in container.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path
