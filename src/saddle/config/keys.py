"""The top-level keys of a training configuration and their types. Values and explanations live in `conf/train.yaml`."""

from pathlib import Path
from typing import Any, Literal, TypedDict, get_type_hints

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from saddle.config.messages import ConfigError
from saddle.config.packages import trusted_packages
from saddle.storage import shipped

CONF = shipped("conf", "conf")
"""The folder of `train.yaml`; its subfolders are the groups, their files the options. Trusted packages add others."""

ROOT = "train"

TWICE = tuple(
    f"{group}@{group}.{player}" for group in ("optimizer", "schedule") for player in ("generator", "discriminator")
)
"""Choices that are made for each player separately: `optimizer@optimizer.generator=adam`."""

NEEDED = ("data", "network", "model", *TWICE, "evaluator", "trainer")
"""Choices that every run needs; whether it needs one of the others depends on its model."""

WHOLE = ("recipe", "experiment")
"""Groups whose options set keys of the whole configuration and leave none of their own."""

MOUNTED = {"metric": "evaluator.metrics"}
"""Groups whose options are chosen inside a node of another group: `+metric@evaluator.metrics.NAME=OPTION`."""

PLAYERS = ("network", "optimizer", "schedule")
"""Groups that hold one node for each player."""

SEVERAL = ("callback", "logger")
"""Groups of which a run may have several options, `logger=[wandb,csv]`: each has a node of its own in the group."""


class SweepKeys(TypedDict):
    """The keys under `sweep`."""

    retry_failed: bool


class Keys:
    """The type of each top-level key."""

    name: str | None
    fresh: bool
    sweep: SweepKeys
    seed: NonNegativeInt
    resolution: PositiveInt
    labels: bool
    code_size: PositiveInt
    prior: Literal["normal", "uniform"]
    batch_size: PositiveInt
    generator_batch_size: PositiveInt | None
    d_steps: PositiveInt
    g_steps: PositiveInt
    generator_clip_norm: PositiveFloat | None
    discriminator_clip_norm: PositiveFloat | None
    average_half_life: PositiveFloat | None
    compiled: bool
    updates: PositiveInt
    log_every: PositiveInt
    sample_every: PositiveInt
    sample_images: PositiveInt | None
    evaluate_every: PositiveInt
    checkpoint_every: PositiveInt
    keep: Literal["best", "all"] | PositiveInt
    evaluate_images: PositiveInt | None
    evaluate_reference: Literal["test", "train", "all"] | None


KINDS: dict[str, Any] = get_type_hints(Keys, include_extras=True)


def option_files(conf: Path = CONF) -> dict[str, dict[str, Path]]:
    """Group -> option -> its file: those under `conf` and those of the trusted packages, Hydra's own groups left out.

    Raises:
        ConfigError: two files are the same option. Hydra would read the first and ignore the second silently.
    """
    files: dict[str, dict[str, Path]] = {}
    for folder in (conf, *(package.conf for package in trusted_packages() if package.conf is not None)):
        for group in (path for path in folder.iterdir() if path.is_dir() and path.name != "hydra"):
            options = files.setdefault(group.name, {})
            for file in group.glob("*.yaml"):
                if file.stem in options:
                    taken = f"{group.name}={file.stem} is {options[file.stem]} already"
                    raise ConfigError(f"{file}: {taken}; give this file another name")
                options[file.stem] = file
    return {group: dict(sorted(options.items())) for group, options in sorted(files.items())}


def groups(conf: Path = CONF) -> dict[str, list[str]]:
    """The options of each group."""
    return {group: [*options] for group, options in option_files(conf).items()}
