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
    """Networks, noise and metrics are placed on one device in this version."""
    devices = values["trainer"]["devices"]
    if devices != 1:
        yield f"trainer.devices={show(devices)}: several devices are not supported yet; set trainer.devices=1"


def enough_images(values: Values) -> Iterator[str]:
    """A batch holds no image twice, and a distance compares no more images than there are."""
    counts = {split: values["data"].get(f"{split}_count") for split in ("train", "test")}
    size, train = values["batch_size"], counts["train"]
    if isinstance(train, int) and size > train:
        yield f"batch_size={size}: the training set has {train} images; set batch_size={train} or less"
    wanted, split = values["evaluate_images"], values["evaluate_reference"]
    known = counts.get(split)
    if isinstance(known, int) and wanted is not None and wanted > known:
        yield (
            f"evaluate_images={wanted}: the reference, evaluate_reference={split}, has {known} images; "
            f"set evaluate_images={known} or less, or null for as many as there are"
        )


Below1 = Annotated[float, Field(ge=0, lt=1)]
RANGES = {
    "lr": PositiveFloat,
    "betas": tuple[Below1, Below1],
    "eps": NonNegativeFloat,
    "weight_decay": NonNegativeFloat,
}


def optimizer_ranges(values: Values) -> Iterator[str]:
    """What torch's optimisers check only when they are built."""
    for player, node in values["optimizer"].items():
        for name, kind in RANGES.items():
            if isinstance(node, dict) and name in node and not fits(node[name], kind):
                yield f"optimizer.{player}.{name}={show(node[name])}: takes {describe(kind)}"


def image_shape(values: Values) -> Iterator[str]:
    """A network for square images cannot draw anything else."""
    shape = values["data"].get("shape")
    for player, node in values["network"].items():
        resolution = node.get("resolution") if isinstance(node, dict) else None
        if resolution is not None and isinstance(shape, list) and shape[1:] != [resolution, resolution]:
            yield (
                f"network.{player} is for images of {resolution} x {resolution}, but data.shape={show(shape)}; "
                "network=mlp takes any shape"
            )


RULES: tuple[Rule, ...] = (one_device, enough_images, optimizer_ranges, image_shape)
