"""Composes jobs with Hydra, and explains in words why one does not compose."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from saddle.config.checks import check
from saddle.config.diagnosis import check_key, check_mount, check_option, check_replaced
from saddle.config.keys import CONF, ROOT, SEVERAL, WHOLE, option_files
from saddle.config.messages import ConfigError
from saddle.config.options import OPTIONS
from saddle.config.unused import prune_unused

BROKEN = (HydraException, OmegaConfBaseException, YAMLError, ValueError)
"""What Hydra raises when a configuration does not compose."""


class Composer:
    """Turns overrides into configurations."""

    def __init__(self, config_loader: ConfigLoader, always: Sequence[str]) -> None:
        """Use Hydra's loader; the overrides `always` are put in front of those of every job."""
        self.config_loader = config_loader
        self.always = list(always)
        self.groups = self._options("", ObjectType.GROUP)

    def parse(self, argument: str) -> Override:
        """One override.

        Raises:
            ConfigError: it cannot be read as one.
        """
        key, equals, value = argument.partition("=")
        if not key or not (equals or key.startswith("~")):
            raise ConfigError(f"{argument}: a setting is written KEY=VALUE, without spaces; several values KEY=A,B")
        try:
            return OverridesParser.create(self.config_loader).parse_overrides([argument])[0]
        except HydraException:
            if "" in value.split(","):  # the shell took what follows the space as the next setting
                raise ConfigError(
                    f"{argument}: several values are separated by a comma without spaces, {key}=A,B"
                ) from None
            raise ConfigError(
                f"{argument} cannot be read as KEY=VALUE; a text with special characters is {key}='\"{value}\"'"
            ) from None

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The configuration of one job, including Hydra's own node; what its model does not use is null.

        Raises:
            ConfigError: an option, a key or a file is wrong.
        """
        parsed = [self.parse(override) for override in overrides]
        for override in parsed:
            if override.key_or_group in self.groups:
                check_option(override, self._options(override.key_or_group, ObjectType.CONFIG))
        try:
            cfg = self._load(overrides)
        except YAMLError as error:
            raise ConfigError(f"a configuration file is no YAML: {_one_line(error)}") from None
        except BROKEN as error:
            self._explain(parsed)
            raise ConfigError(_one_line(error)) from None
        for override in parsed:
            check_replaced(override, _mounts(cfg))
        return with_options(prune_unused(cfg), cfg.hydra.runtime.choices)

    def _load(self, overrides: Sequence[str]) -> DictConfig:
        return self.config_loader.load_configuration(ROOT, [*self.always, *overrides], RunMode.RUN, from_shell=False)

    def _options(self, group: str, kind: ObjectType) -> list[str]:
        root = ROOT if self.always else None  # looking at the search path again is slow
        options = self.config_loader.get_group_options(group, kind, config_name=root, overrides=self.always)
        return [name for name in options if name != "hydra"]

    def _explain(self, parsed: Sequence[Override]) -> None:
        """Find the override that does not fit what the others compose to, and refuse it; nothing if there is none."""
        choosing = [override for override in parsed if override.key_or_group in self.groups]
        mounts = self._mounts_without_deletions(choosing) if choosing else []
        for override in choosing:
            check_mount(override, mounts)
        choosing += [override for override in parsed if override.key_or_group.startswith("hydra/")]
        try:
            cfg = self._load([str(override.input_line) for override in choosing])
        except BROKEN:
            return
        composed: Any = OmegaConf.to_container(cfg, resolve=False)
        of_hydra = {"hydra": composed.pop("hydra")}
        for override in parsed:
            if override not in choosing:
                own = of_hydra if override.is_hydra_override() else composed
                check_key(override, own, _mounts(cfg), self._having)

    def _mounts_without_deletions(self, choosing: Sequence[Override]) -> list[str]:
        """The groups as they are where the options are chosen and none is left out; else those of the defaults."""
        kept = [str(override.input_line) for override in choosing if not override.is_delete()]
        try:
            return _mounts(self._load(kept if len(kept) < len(choosing) else []))
        except BROKEN:
            return _mounts(self._load([]))

    def _having(self, group: str, key: str) -> list[str]:
        """The options of a group that have a key, or any key if it is ""."""
        nodes = {option: yaml.safe_load(file.read_bytes()) or {} for option, file in option_files()[group].items()}
        several = group in SEVERAL  # each option has a node of its own name
        keys = {option: {option} if several else node.keys() - {"defaults"} for option, node in nodes.items()}
        return [option for option, own in keys.items() if (key in own if key else own)]


@contextmanager
def composer(conf: Path, always: Sequence[str] = ()) -> Iterator[Composer]:
    """A composer with the loader that Hydra uses now, as in a launcher, or with a temporary one for `conf`."""
    if GlobalHydra.instance().is_initialized():
        yield Composer(GlobalHydra.instance().config_loader(), always)
        return
    with initialize_config_dir(str(conf), version_base="1.3"):
        yield Composer(GlobalHydra.instance().config_loader(), always)


def check_jobs(jobs: Sequence[Sequence[str]], conf: Path = CONF) -> list[DictConfig]:
    """Compose and check every job of a sweep; returns their configurations without Hydra's own node.

    Args:
        jobs: the overrides of each.
        conf: the folder of the configuration.

    Raises:
        ConfigError: names the first job that cannot be run, and why.
    """
    with composer(conf) as made:
        return check_each(jobs, made, conf)


_CHECKED: dict[tuple[object, ...], DictConfig] = {}
"""(conf, *overrides) -> configuration: jobs that were checked before Hydra began, for the launcher to take over."""


def check_each(
    jobs: Sequence[Sequence[str]], made: Composer, conf: Path, *, taken_over: bool = False
) -> list[DictConfig]:
    """`check_jobs` with a composer that exists already; with `taken_over` the launcher does not repeat it."""
    composed = []
    for number, job in enumerate(jobs, 1):
        key = (conf, *(override for override in job if not override.startswith("hydra")))
        if key in _CHECKED:
            composed.append(_CHECKED.pop(key))
            continue
        try:
            cfg = made.compose(job)
            check(cfg, conf)
        except ConfigError as error:
            own = [override for override in job if any(override not in other for other in jobs)]
            where = f"in the job {' '.join(own) or number}:\n" if len(jobs) > 1 else ""
            raise ConfigError(f"{where}{error}") from None
        composed.append(OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"]))
        if taken_over:
            _CHECKED[key] = composed[-1]
    return composed


def _mounts(cfg: DictConfig) -> list[str]:
    """The groups of the defaults list, such as `loss` and `optimizer@optimizer.generator`."""
    return [str(choice) for choice in cfg.hydra.runtime.choices if not str(choice).startswith("hydra/")]


def _one_line(error: Exception) -> str:
    text = f"{error}: {error.__cause__}" if error.__cause__ else f"{error}"
    return " ".join(text.partition("Config search path:")[0].split()).strip(": ")


def with_options(cfg: DictConfig, choices: Mapping[str, Any]) -> DictConfig:
    """`cfg` with the names of those options that its model plays with.

    Args:
        cfg: a composed configuration, pruned of what its model does not use.
        choices: Hydra's `hydra.runtime.choices`, such as `optimizer@optimizer.generator: adam`.
    """
    names = OmegaConf.create({})
    for choice, option in choices.items():
        place = str(choice).rpartition("@")[2].removeprefix("_global_.")
        used = place in WHOLE or OmegaConf.select(cfg, place) is not None
        if option is not None and used and not str(choice).startswith("hydra/"):
            OmegaConf.update(names, place, option, force_add=True)
    with open_dict(cfg):
        cfg[OPTIONS] = names
    return cfg
