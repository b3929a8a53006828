"""What a stored state belongs to, so that no run is resumed with other images or settings."""

import sys
from typing import Any

import torch
from omegaconf import DictConfig

from saddle.engine.stored import upgraded_settings
from saddle.runs.identity import differences, identity


def state_facts(cfg: DictConfig, digest: dict[str, Any]) -> dict[str, Any]:
    """What is stored with a state: the digest of the images, the settings, and what changes the last bits."""
    return {
        "data": digest,
        # config.yaml might be changed by hand
        "settings": {path: value for path, value in identity(cfg).items() if path != "updates"},
        "threads": torch.get_num_threads(),
        "precision": cfg.trainer.precision,
        "devices": cfg.trainer.devices * cfg.trainer.num_nodes,
    }


def require_unchanged(state: dict[str, Any], known: dict[str, Any], updates: int) -> None:
    """Refuse to resume with other images or settings; say it where the last bits will differ.

    Args:
        state: what the checkpoint holds.
        known: the `state_facts` of the run that resumes.
        updates: total number of updates in the run.

    Raises:
        ValueError: the state is of other images, other settings, or beyond `updates`.
    """
    stored = state["facts"]
    if stored["data"] != known["data"]:
        raise ValueError(
            f"the images have changed since this run began (digest {stored['data']}, now {known['data']}): bring them "
            "back, or begin again with fresh=true"
        )
    if changed := differences(upgraded_settings(stored["settings"]), known["settings"]):
        raise ValueError(
            f"config.yaml was changed by hand since the last state was stored ({'; '.join(changed)}): change it back, "
            "or begin again with fresh=true"
        )
    if state["updates"] > updates:
        raise ValueError(f"this run has {state['updates']:,} updates behind it: updates={updates} is less")
    for what in ("threads", "precision", "devices"):
        if stored[what] != known[what]:
            print(f"note: {what} {stored[what]} before, {known[what]} now: the last bits will differ", file=sys.stderr)
