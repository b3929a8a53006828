"""From a node to an object: the one place where a configuration decides which code runs."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.config.messages import ConfigError, listing
from saddle.config.signatures import signature
from saddle.config.targets import NODE_KEYS, resolve


def instantiate(node: DictConfig | None, place: str = "", /, **supplied: Any) -> Any:
    """The object that `node` describes; None for a group that was left out.

    Args:
        node: a mapping with `_target_`, or one whose values are such nodes, which gives a dict of objects.
        place: where it is in the configuration, such as `callback.mine`, which determines the allowed targets.
        supplied: what only code can give. It completes a node with `_partial_: true`, which without it is a function of
            the arguments that it lacks.

    Raises:
        ConfigError: a target, at any depth of the node, is not allowed, or an argument is missing.
    """
    if not node:
        return None
    described: Any = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    _trust(described, place)
    if supplied:
        _complete(described, place, supplied)
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as build

    try:
        if not supplied:
            return build(described, _convert_="all")
        make = build({**described, "_partial_": True}, _convert_="all")
    except InstantiationException as error:
        raise error.__cause__ or error from None  # what the constructor said
    return make(**supplied)  # objects stay out of OmegaConf, which would copy them


def _complete(described: dict[str, Any], place: str, supplied: dict[str, Any]) -> None:
    """Refuse a node that lacks an argument, as one of another version may."""
    arguments = signature(resolve(described["_target_"], place)).arguments.values()
    needed = [argument.name for argument in arguments if argument.required]
    lacking = [name for name in needed if name not in described and name not in supplied]
    if lacking:
        raise ConfigError(f"{described['_target_']} needs {listing(lacking, 'and')}, which the configuration lacks")


def _trust(value: Any, path: str) -> None:
    """Refuse what could run code that is not allowed, at any depth."""
    if isinstance(value, dict):
        if "_target_" in value:
            resolve(value["_target_"], path)
        for key, inner in value.items():
            if str(key).startswith("_") and key not in NODE_KEYS:
                allowed = listing(NODE_KEYS, "and")
                raise ConfigError(
                    f"{path}.{key} is refused: of Hydra's own keys, nodes take {allowed} only".lstrip(".")
                )
            _trust(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _trust(inner, f"{path}[{i}]")
    elif isinstance(value, str) and "${" in value:
        raise ConfigError(f"{path}={value} is refused: it would be resolved a second time, unchecked")
