"""Loads the model of a finished run and draws samples."""

from collections.abc import Iterator
from hashlib import sha256
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from saddle import __version__
from saddle.data.base import Data
from saddle.data.pixels import to_uint8
from saddle.engine.building import build_data, build_model
from saddle.engine.stored import stored_classes, stored_config
from saddle.metrics.reference import batches, progress
from saddle.models.base import CodedModel, GenerativeModel
from saddle.runs.folder import RunFolder, replace_file
from saddle.runs.messages import require_weights
from saddle.runs.weights import LAST
from saddle.samples.archives import ABOUT, CLASSES, IMAGES, LABELS, POINTS, text, write_archive
from saddle.samples.codes.truncation import truncated_prior
from saddle.samples.outputs import Output, whole_folder

BATCH = 64
"""Number of samples drawn at a time. Every batch is drawn completely and then cut, because the last bits of a sample
may depend on the batch size: so they do not depend on the number of requested samples."""


def best_device() -> torch.device:
    """The GPU if there is one, else the CPU. The two give samples that differ in the last bits."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_model(run: RunFolder, cfg: DictConfig, state: str = LAST) -> GenerativeModel:
    """The run's model with the weights of a stored state, ready to `sample`.

    Args:
        run: folder of the run.
        cfg: its configuration.
        state: `last`, `best`, or a number of updates.

    Raises:
        LookupError: the run has no weights of that state, or is conditional and has stored no classes.
        ValueError: the weights are damaged, or belong to another network.
    """
    require_weights(run, state)
    model = build_model(cfg, stored_classes(run) if cfg.labels else None)
    try:
        model.sampling_module().load_state_dict(run.weights.load(state))
    except RuntimeError as error:
        raise ValueError(f"{run.weights.path(state)} does not fit the network of its config.yaml: {error}") from None
    return model.eval()


def coded(model: GenerativeModel, request: str) -> CodedModel:
    """The model, if it decodes samples from latent codes.

    Raises:
        ValueError: the model has no latent code, which `request` needs.
    """
    if not isinstance(model, CodedModel):
        raise ValueError(f"{request}: this model has no latent code; it can only be sampled")
    return model


class Samples:
    """The samples of one model: sample i is a function of the model, seed, label, threshold and i.

    Args:
        model: model to sample.
        seed: seed of the codes.
        label: class of all samples; None for the frequencies of the training set, if the model is conditional.
        threshold: threshold of truncated codes (`saddle.samples.codes.truncation`); None for codes of the prior.

    Raises:
        ValueError: the model has no classes and `label` is given, or no code and `threshold` is given.
    """

    def __init__(self, model: GenerativeModel, *, seed: int, label: int | None, threshold: float | None) -> None:
        self.model, self.seed, self.label, self.threshold = model, seed, label, threshold
        if label is not None and model.classes is None:
            raise ValueError("this model has no classes (it was trained with labels=false): draw without label=")
        if threshold is not None:
            coded(model, f"truncation={threshold:g}")

    def labels(self, indices: range) -> Tensor | None:
        """The labels of samples `indices`, int64 [len(indices)] on the model's device; None without classes."""
        if self.label is None:
            return self.model.labels_of(indices, self.seed)
        return torch.full([len(indices)], self.label, device=self.model.device)

    def batches(self, count: int) -> Iterator[tuple[range, Tensor]]:
        """The first `count` samples in batches: their indices, and x [len(indices), *shape] on the CPU."""
        for indices in progress(batches(count, BATCH), "sampling"):
            yield indices, self._batch(range(indices.start, indices.start + BATCH))[: len(indices)].cpu()

    def first(self, count: int) -> Tensor:
        """The first `count` samples, [count, *shape]."""
        return torch.cat([x for _, x in self.batches(count)])

    def _batch(self, indices: range) -> Tensor:
        labels = self.labels(indices)
        if self.threshold is None:
            return self.model.sample(indices, self.seed, labels)
        model = coded(self.model, "truncation")
        return model.decode(truncated_prior(model, indices, self.seed, self.threshold), labels)


def write_samples(
    run: RunFolder,
    *,
    state: str = LAST,
    count: int,
    seed: int | None,
    label: int | None,
    threshold: float | None,
    out: Output,
) -> None:
    """Write `count` samples: into a folder of single pictures, an archive, or one picture.

    A folder contains only samples, so that it can be measured as it is; a picture of the first samples is stored next
    to a folder or archive. Each output is written completely or not at all.

    Args:
        run: folder of the run.
        state: whose weights: `last`, `best`, or a number of updates.
        count: number of samples.
        seed: seed of the codes; None for that of the run.
        label, threshold: as in `Samples`.
        out: paths of the output.

    Raises:
        LookupError, ValueError: as `load_model` and `Samples`.
        OSError: the output cannot be written.
    """
    cfg = stored_config(run, files=False)
    model, data = load_model(run, cfg, state).to(best_device()), build_data(cfg)
    samples = Samples(model, seed=cfg.seed if seed is None else seed, label=label, threshold=threshold)
    about = described(run, model, data, samples, state)
    shown = samples.first(count if out.kind == ".png" else min(count, data.shown))
    picture = data.render(shown, columns=ceil(sqrt(len(shown))))
    if out.kind == ".npz":
        _archive(samples, data, count, about, out.path)
    elif not out.kind:
        with whole_folder(out.path) as folder:
            for indices, x in samples.batches(count):
                for index, sample in zip(indices, x, strict=True):
                    data.picture(sample).save(folder / f"{index:05d}.png")
    save_picture(picture, out.picture, about)


def updates_of(run: RunFolder, state: str) -> int | None:
    """The number of updates after which the weights of a state were stored."""
    updates = run.weights.updates(state)
    if updates is None and state == LAST:  # Saddle 0.3 wrote them elsewhere
        return (run.model() or run.summary() or {}).get("updates")
    return updates


def described(
    run: RunFolder, model: GenerativeModel, data: Data, samples: Samples, state: str = LAST
) -> dict[str, Any]:
    """Everything that the samples depend on, as plain values."""
    label = None if samples.label is None or model.classes is None else model.classes.names[samples.label]
    return {
        "saddle": __version__,
        "run": f"{run.sweep}/{run.job}",
        "data": data.name,
        "updates": updates_of(run, state),
        "model": sha256(run.weights.path(state).read_bytes()).hexdigest()[:16],  # as evaluation.json calls it
        "seed": samples.seed,
        "label": label,
        "truncation": samples.threshold,
    }


def save_picture(picture: Image.Image, path: Path, about: dict[str, Any]) -> None:
    """A PNG file with `about` in its text entry `saddle`."""
    info = PngInfo()
    info.add_itxt("saddle", text(about))
    replace_file(path, lambda file: picture.save(file, format="PNG", pnginfo=info))


def _archive(samples: Samples, data: Data, count: int, about: dict[str, Any], path: Path) -> None:
    images = len(data.shape) == 3
    shape = (count, *((*data.shape[1:], data.shape[0]) if images else data.shape))
    others: dict[str, Any] = {ABOUT: np.array(text(about))}
    labels = samples.labels(range(count))
    if labels is not None and samples.model.classes is not None:
        others |= {LABELS: labels.cpu().numpy(), CLASSES: np.array(samples.model.classes.names)}
    drawn = (
        to_uint8(x).permute(0, 2, 3, 1).numpy() if images else x.float().numpy() for _, x in samples.batches(count)
    )
    name, dtype = (IMAGES, np.uint8) if images else (POINTS, np.float32)
    replace_file(path, lambda file: write_archive(file, name, drawn, shape, dtype, others))
