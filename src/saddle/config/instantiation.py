"""From a node to an object: the one place where a configuration decides which code runs."""

from functools import partial
from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.config.messages import ConfigError
from saddle.config.targets import NODE_KEYS, resolve


def instantiate(node: DictConfig | None, **supplied: Any) -> Any:
    """The object that `node` describes; None for a group that was left out.

    Args:
        node: a mapping with `_target_`, or one whose values are such nodes, which gives a dict.
        supplied: arguments that only code can give. They complete a node with `_partial_: true`, which without them stays
            a function of the arguments that it lacks.

    Raises:
        ConfigError: a target somewhere in the node is not allowed.
    """
    if node is None or not node:
        return None
    described: Any = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    path = str(node._get_full_key(None)) or "the configuration"
    _trust(described, path)
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as build

    try:
        if not supplied:
            return build(described, _convert_="all")
        make = build(
            {**described, "_partial_": True}, _convert_="all"
        )  # objects do not go through OmegaConf, which copies
    except InstantiationException as error:
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None
    return partial(make, **supplied)()


def _trust(value: Any, path: str) -> None:
    """Refuse a value that holds a target that is not allowed, at any depth."""
    if isinstance(value, dict):
        if "_target_" in value:
            resolve(value["_target_"], path)
        for key, inner in value.items():
            if str(key).startswith("_") and key not in NODE_KEYS:
                raise ConfigError(
                    f"{path}.{key} is refused: of Hydra's own keys, nodes take _target_ and _partial_ only"
                )
            _trust(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _trust(inner, f"{path}[{i}]")
    elif isinstance(value, str) and "${" in value:  # would be resolved once more
        raise ConfigError(f"{path}={value} is refused: an interpolation that is left after resolving")
