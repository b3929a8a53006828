"""The top-level keys of a training configuration and their types. Values and explanations live in `conf/train.yaml`."""

import re
from pathlib import Path
from typing import Any, Literal, get_type_hints

from pydantic import NonNegativeInt, PositiveInt

CONF = Path(__file__).resolve().parents[3] / "conf"
"""The folder of `train.yaml`; its subfolders are the groups, their files the members."""

ROOT = "train"

NEEDED = ("data", "network", "model", "optimizer", "trainer")
"""Groups without which nothing can be trained; whether a run needs one of the others is up to its model."""

PLAYERS = ("network", "optimizer")
"""Groups that hold one node for each player."""

CHOSEN_LATER = {"trainer.precision": "auto"}
"""Values that this package replaces before a constructor sees them."""


class Grid:
    """A picture of samples."""

    count: PositiveInt
    columns: PositiveInt


class Keys:
    """What each top-level key takes."""

    name: str | None
    fresh: bool
    seed: NonNegativeInt
    resolution: PositiveInt
    code_size: PositiveInt
    prior: Literal["normal", "uniform"]
    batch_size: PositiveInt
    d_steps: PositiveInt
    g_steps: PositiveInt
    updates: PositiveInt
    log_every: PositiveInt
    sample_every: PositiveInt
    evaluate_every: PositiveInt
    evaluate_images: PositiveInt | None
    evaluate_reference: Literal["test", "train", "all"]
    grid: Grid


def kinds(keys: type = Keys, above: str = "") -> dict[str, Any]:
    """The type of each key, those inside another one as `outer.inner`."""
    found: dict[str, Any] = {}
    for key, kind in get_type_hints(keys, include_extras=True).items():
        nested = isinstance(kind, type) and kind.__module__ == __name__
        found |= kinds(kind, f"{above}{key}.") if nested else {f"{above}{key}": kind}
    return found


def groups(conf: Path) -> dict[str, list[str]]:
    """The members of each group under `conf`, Hydra's own groups left out."""
    folders = sorted(path for path in conf.iterdir() if path.is_dir() and path.name != "hydra")
    return {folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in folders}


def top_level(conf: Path) -> set[str]:
    """Every key that may stand at the top of a composed configuration."""
    written = re.findall(r"^(\w+):", (conf / f"{ROOT}.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    return {*written, *groups(conf)} - {"defaults", "hydra"}
