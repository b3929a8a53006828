"""The keys that identify a run: two runs with equal keys give equal numbers on one machine with as many threads."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.runs.renamed import upgraded

PLACEMENT = ("trainer.accelerator", "trainer.devices", "trainer.num_nodes")
WHEREABOUTS = ("name", "fresh", "sweep", "logger", "callback", "advice", "recipe", "experiment", "options", *PLACEMENT)
INTERVALS = ("log_every", "sample_every", "sample_images", "evaluate_every", "checkpoint_every", "keep")


def identity(cfg: DictConfig) -> dict[str, Any]:
    """Path -> value of every resolved key that changes a run's numbers: no placement, logger, name or interval."""
    return _identity(OmegaConf.to_container(cfg, resolve=True))


def identity_of(config: Any) -> dict[str, Any]:
    """The same of a configuration as plain mappings without references; an earlier version may have stored it."""
    return _identity(upgraded(config))


def _identity(config: Any) -> dict[str, Any]:
    left_out = (*WHEREABOUTS, *INTERVALS)
    return {path: value for path, value in _flat("", config).items() if not any(_within(path, key) for key in left_out)}


def differences(stored: dict[str, Any], requested: dict[str, Any]) -> list[str]:
    """`updates: 2000 -> 3000` for every key in which two identities differ; a requested `auto` matches any value."""
    stored = upgraded(stored)
    requested = {path: stored.get(path) if value == "auto" else value for path, value in requested.items()}
    paths = [path for path in {**stored, **requested} if stored.get(path) != requested.get(path)]
    return [f"{path}: {stored.get(path)} -> {requested.get(path)}" for path in paths]


def _flat(path: str, node: Any) -> dict[str, Any]:
    if not isinstance(node, dict):
        return {path: node}
    pairs = [_flat(f"{path}.{key}" if path else str(key), child) for key, child in node.items()]
    return {path: value for pair in pairs for path, value in pair.items()}


def _within(path: str, key: str) -> bool:
    return path == key or path.startswith(f"{key}.")
