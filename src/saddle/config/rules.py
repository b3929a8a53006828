"""Combinations that cannot work although each value by itself is of the right type.

A rule takes the resolved configuration as a plain mapping and yields what is wrong with it.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, PositiveFloat

from saddle.config.kinds import describe, fits
from saddle.config.messages import show

Values = dict[str, Any]
Rule = Callable[[Values], Iterator[str]]


def one_device(values: Values) -> Iterator[str]:
    """Networks, noise and metrics live on one device in this version."""
    devices, machines = values["trainer"].get("devices", 1), values["trainer"].get("num_nodes", 1)
    if devices not in (1, "1") and not (isinstance(devices, list) and len(devices) == 1):
        yield f"trainer.devices={show(devices)}: several devices are not supported yet; set trainer.devices=1"
    if machines != 1:
        yield f"trainer.num_nodes={show(machines)}: several machines are not supported yet"


OURS = {
    "max_steps": "Lightning counts the steps of both players; a run ends after updates=...",
    "max_epochs": "there are no epochs; a run ends after updates=...",
    "max_time": "a run ends after updates=...",
    "gradient_clip_val": "Lightning cannot clip gradients where the model steps its optimisers itself",
    "accumulate_grad_batches": "Lightning cannot accumulate gradients where the model steps its optimisers itself",
    "logger": "choose a member: logger=...",
    "callbacks": "a run's instruments are put together by the program",
    "default_root_dir": "a run writes into its own folder",
}


def own_business(values: Values) -> Iterator[str]:
    """Settings of the trainer that the program makes, or that its way of training excludes."""
    for key, reason in OURS.items():
        if key in values["trainer"]:
            yield f"trainer.{key}={show(values['trainer'][key])}: {reason}"


def enough_images(values: Values) -> Iterator[str]:
    """A batch is part of an epoch; a distance cannot have more reals than there are."""
    counts = {split: values["data"].get(f"{split}_count") for split in ("train", "test")}
    if None not in counts.values():
        counts["all"] = sum(counts.values())
    size, train = values["batch_size"], counts["train"]
    if train is not None and size > train:
        yield f"batch_size={size}: the training set has {train} images; set batch_size={train} or less"
    wanted, split = values["evaluate_images"], values["evaluate_reference"]
    known = counts.get(split)
    if known is not None and wanted is not None and wanted > known:
        yield (
            f"evaluate_images={wanted}: the reference, evaluate_reference={split}, has {known} images; "
            f"set evaluate_images={known} or less, or null for as many as there are"
        )


Share = Annotated[float, Field(ge=0, lt=1)]
RANGES = {
    "lr": PositiveFloat,
    "betas": tuple[Share, Share],
    "eps": NonNegativeFloat,
    "weight_decay": NonNegativeFloat,
}


def optimizer_ranges(values: Values) -> Iterator[str]:
    """What torch's optimisers check only when they are built."""
    for player, node in values["optimizer"].items():
        for name in RANGES.keys() & node.keys():
            if not fits(node[name], RANGES[name]):
                yield f"optimizer.{player}.{name}={show(node[name])}: takes {describe(RANGES[name])}"


def square_images(values: Values) -> Iterator[str]:
    """A network for square images draws nothing else."""
    shape = values["data"].get("shape")
    for player, node in values["network"].items():
        side = node.get("resolution")
        if side is not None and shape is not None and shape[1:] != [side, side]:
            yield (
                f"network.{player}.resolution={side} does not go with data.shape={show(shape)}: "
                "set resolution=..., or network=mlp, which takes any shape"
            )


RULES: tuple[Rule, ...] = (one_device, own_business, enough_images, optimizer_ranges, square_images)
