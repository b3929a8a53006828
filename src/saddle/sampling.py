"""A finished run's model again, and what it draws."""

from math import ceil, sqrt
from pathlib import Path

import torch
from omegaconf import DictConfig
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from saddle.building import build_data, build_model
from saddle.models.base import GenerativeModel
from saddle.runs.folder import RunFolder
from saddle.runs.messages import without_weights
from saddle.stored import stored_classes, stored_config

BATCH = 250
"""Samples drawn at a time."""


def load_model(run: RunFolder, cfg: DictConfig) -> GenerativeModel:
    """The run's model with the weights that it ended with; ready to `sample`.

    Raises:
        LookupError: the run has no weights yet, or is conditional and does not say on which classes.
        ValueError: its weights are damaged, or belong to another network.
    """
    if not run.weights.is_file():
        raise LookupError(without_weights(run))
    model = build_model(cfg, stored_classes(run) if cfg.labels else None)
    try:
        model.drawn().load_state_dict(load_file(run.weights))
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"{run.weights} does not fit the network of its config.yaml: {error}") from None
    return model.eval()


def grid_of(out: Path) -> Path:
    """Where the picture of the first samples in `out` lies: `samples.png` beside `samples/`."""
    return out.with_name(f"{out.name}.png")


def write_samples(run: RunFolder, *, count: int, seed: int | None, label: int | None, out: Path) -> None:
    """Write `count` samples as single pictures into the folder `out`, and the first of them as one picture beside it.

    The folder holds nothing but samples, so that it can be measured as it is.

    Args:
        run: the run.
        count: how many samples.
        seed: of the codes; None is the run's own.
        label: the class of all samples; None: of a conditional model, each as often as in the training set.
        out: the folder.

    Raises:
        LookupError, ValueError: as `load_model`.
        ValueError: `out` is there and not empty, or a label is asked of a model that knows no classes.
        OSError: it cannot be written.
    """
    cfg = stored_config(run, files=False)
    model, data = load_model(run, cfg), build_data(cfg)
    seed = cfg.seed if seed is None else seed
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"out={out} is not an empty folder: samples of two calls would be mixed; choose another")
    out.mkdir(parents=True, exist_ok=True)

    def draw(indices: range) -> Tensor:
        labels = None if label is None else torch.full([len(indices)], label, device=model.device)
        return model.sample(indices, seed, labels)

    for start in range(0, count, BATCH):
        x = draw(range(start, min(start + BATCH, count)))
        for index, sample in enumerate(x, start):
            data.picture(sample).save(out / f"{index:05d}.png")
    shown = min(count, data.shown)
    data.render(draw(range(shown)), columns=ceil(sqrt(shown))).save(grid_of(out))
