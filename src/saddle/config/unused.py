"""What a model uses; the rest of its configuration is null, so that a run stores the settings that it really has.

A model's constructor names what it uses: networks (`generator`, `discriminator`, `encoder`), groups (`loss`, `penalty`,
`augment`) and top-level keys (`d_steps`, `code_size`). What only others' constructors name is no part of its runs:
neither of their identity nor of what is compared. The same holds for a key that an option's own file sets to null
(`prior` of learned codes).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.config.keys import CONF, KINDS, PLAYERS, groups, option_files
from saddle.config.messages import ConfigError
from saddle.config.options import chosen
from saddle.config.signatures import signature
from saddle.config.targets import resolve

NETWORKS = ("generator", "discriminator", "encoder")


def prune_unused(cfg: DictConfig, conf: Path = CONF) -> DictConfig:
    """`cfg`, in which what its model does not use is set to null; one with a wrong model stays as it is."""
    for path in unused_paths(_model(cfg), conf):
        if OmegaConf.select(cfg, path) is not None:
            OmegaConf.update(cfg, path, None, merge=False)
    return cfg


def ignored(overrides: Sequence[str], cfg: DictConfig, conf: Path = CONF) -> Iterator[str]:
    """A line for each override that sets what the model of `cfg` does not use."""
    missing = unused_paths(_model(cfg), conf)
    whole = tuple(group for group in PLAYERS if all(f"{group}.{network}" in missing for network in NETWORKS))
    for override in overrides:
        key = override.lstrip("+").partition("=")[0].rpartition("@")[2]
        without = next((path for path in (*missing, *whole) if key == path or key.startswith(f"{path}.")), None)
        if without is not None:
            yield f"{override} changes nothing with {chosen('model', cfg)}, which has no setting {without}"


def unused_paths(model: Mapping[str, Any], conf: Path = CONF) -> tuple[str, ...]:
    """The paths that a model does not use.

    Args:
        model: its node, in which references are not resolved; one whose class is no model uses everything.
        conf: the folder of the groups.
    """
    try:
        missing = _absent(str(model.get("_target_")), conf)
    except ConfigError:
        return ()
    return (*missing, *(key for key in KINDS if key in model and model[key] is None))


@cache
def _absent(target: str, conf: Path) -> tuple[str, ...]:
    own, options = _arguments(target), groups(conf)
    others = {name for file in option_files(conf)["model"].values() for name in _arguments(_target_of(file))}
    foreign = others - own
    return (
        *(group for group in options if group in foreign),
        *(key for key in KINDS if key in foreign),
        *(() if own & {*NETWORKS} else ("compiled",)),
        *(
            path
            for network in NETWORKS
            if network not in own
            for path in (*(f"{group}.{network}" for group in PLAYERS), f"{network}_clip_norm")
        ),
    )


def _arguments(target: str) -> set[str]:
    return set(signature(resolve(target, "model")).arguments)


def _target_of(file: Path) -> str:
    return str(OmegaConf.select(OmegaConf.load(file), "_target_"))


def _model(cfg: DictConfig) -> dict[str, Any]:
    """The model's node, in which references are not resolved."""
    node: Any = OmegaConf.to_container(cfg.model, resolve=False) if OmegaConf.is_dict(cfg.get("model")) else {}
    return node
