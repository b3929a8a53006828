"""Configurations of earlier versions, translated into the names and keys of this one.

A class that has moved is listed here once. Everything else is checked as it is, and refused with a message if this
version has no such class or argument.
"""

from collections.abc import Callable, Mapping
from typing import Any

TARGETS = {
    "saddle.data.bars_and_stripes.BarsAndStripes": "saddle.data.densities.bars_and_stripes.BarsAndStripes",
    "saddle.data.discrete.DiscretePoints": "saddle.data.densities.discrete.DiscretePoints",
    "saddle.data.faces.Faces": "saddle.data.faces.dataset.Faces",
    "saddle.data.folder.Folder": "saddle.data.disk.folder.Folder",
    "saddle.data.grid.Grid": "saddle.data.densities.grid.Grid",
    "saddle.data.mixture_1d.Mixture1D": "saddle.data.densities.mixture_1d.Mixture1D",
    "saddle.data.ring.Ring": "saddle.data.densities.ring.Ring",
    "saddle.data.spiral.Spiral": "saddle.data.densities.spiral.Spiral",
    "saddle.metrics.inception.Inception": "saddle.metrics.extractors.inception.Inception",
    "saddle.metrics.small.SmallExtractor": "saddle.metrics.extractors.small.SmallExtractor",
    "saddle.search.found.Found": "saddle.search.replay_buffer.ReplayBuffer",
    "saddle.training.QuietTrainer": "saddle.engine.training.QuietTrainer",
}
"""Old target -> new target."""


def with_current_targets(config: Any) -> Any:
    """`config`, plain mappings and lists or path -> value, with the present name of each class."""
    if isinstance(config, Mapping):
        return {key: _value(str(key), value) for key, value in config.items()}
    return [with_current_targets(value) for value in config] if isinstance(config, list) else config


def _value(key: str, value: Any) -> Any:
    is_target = key.endswith("_target_") and isinstance(value, str)
    return TARGETS.get(value, value) if is_target else with_current_targets(value)


ADDED: dict[str, dict[str, Any]] = {
    "saddle.augment.ada.ADA": {"cutout": None},
    "saddle.augment.color.Color": {"share": 1.0},
    "saddle.data.disk.folder.Folder": {"background": [255, 255, 255]},
}
"""Class -> arguments that it did not take in an earlier version, with the values that leave it as it was."""


def with_added_arguments(config: Any) -> Any:
    """`config`, in the forms of `with_current_targets`, with the arguments that its classes did not take before."""
    if isinstance(config, list):
        return [with_added_arguments(value) for value in config]
    if not isinstance(config, Mapping):
        return config
    targets = {key.removesuffix("_target_"): value for key, value in config.items() if str(key).endswith("_target_")}
    added = {
        f"{path}{name}": value for path, target in targets.items() for name, value in ADDED.get(str(target), {}).items()
    }
    return {**added, **{key: with_added_arguments(value) for key, value in config.items()}}


UPGRADES: tuple[Callable[[Any], Any], ...] = (with_current_targets, with_added_arguments)
"""Functions applied one after the other, the oldest version's first."""


def upgraded(config: Any) -> Any:
    """A stored configuration as this version would store it; one of this version is unchanged."""
    for upgrade in UPGRADES:
        config = upgrade(config)
    return config
