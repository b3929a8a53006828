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
    trainer = values["trainer"]
    devices = trainer.get("devices", 1)
    if not (devices in (1, "1") or (isinstance(devices, list) and len(devices) == 1)):
        yield f"trainer.devices={show(devices)}: several devices are not supported yet; set trainer.devices=1"
    if trainer.get("num_nodes", 1) != 1:
        yield f"trainer.num_nodes={show(trainer['num_nodes'])}: several machines are not supported yet"


OURS = {
    "max_steps": "Lightning counts the steps of both players; a run ends after updates=...",
    "max_epochs": "there are no epochs; a run ends after updates=...",
    "max_time": "a run ends after updates=...",
    "gradient_clip_val": "Lightning cannot clip where the model steps its optimisers itself",
    "accumulate_grad_batches": "Lightning cannot accumulate where the model steps its optimisers itself; set batch_size=...",
    "logger": "choose a member: logger=...",
    "callbacks": "they are put together in src/train.py",
    "default_root_dir": "a run writes into its own folder",
}


def own_business(values: Values) -> Iterator[str]:
    """Settings of the trainer that this package decides by itself."""
    for key, reason in OURS.items():
        if values["trainer"].get(key) is not None:
            yield f"trainer.{key}={show(values['trainer'][key])}: {reason}"


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


def one_wish(values: Values) -> Iterator[str]:
    """Going on and beginning again exclude each other."""
    if values["run"] is not None and values["fresh"]:
        yield f"fresh=true run={values['run']}: run=... goes on from a run, fresh=true begins again; leave one out"


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


RULES: tuple[Rule, ...] = (one_device, own_business, enough_images, one_wish, optimizer_ranges, image_shape)
