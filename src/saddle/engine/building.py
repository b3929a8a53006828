"""Builds the parts of a run from a checked configuration."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from omegaconf import DictConfig

from saddle.config import instantiate
from saddle.config.signatures import signature
from saddle.config.source import attribute
from saddle.config.targets import resolve
from saddle.data.base import Data
from saddle.data.classes import Classes
from saddle.data.densities.analytic import AnalyticData
from saddle.data.images import Images
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.reference import Reference
from saddle.models.base import GenerativeModel
from saddle.models.learning import Player
from saddle.networks.base import initialised
from saddle.networks.batch_norm import synchronised


def build_data(cfg: DictConfig) -> Data:
    """The data set of the configuration."""
    return instantiate(cfg.data)


def build_model(cfg: DictConfig, classes: Classes | None = None, samples: int | None = 0) -> GenerativeModel:
    """The model with fresh weights; those of each network are a function of `cfg.seed` alone.

    Only the parts that its constructor names are built.

    Args:
        cfg: configuration of the run.
        classes: classes of a conditional game.
        samples: number of training samples; None if unlimited, 0 for a model that is only sampled.
    """
    target = resolve(cfg.model._target_, "model")
    class_kwargs = {} if classes is None else {"classes": len(classes)}
    parts: dict[str, Callable[[], Any]] = {
        "generator": lambda: _player(cfg, "generator", class_kwargs),
        "discriminator": lambda: _player(cfg, "discriminator", class_kwargs),
        "encoder": lambda: _player(cfg, "encoder", {"outputs": cfg.code_size * attribute(target, "code_parameters")}),
        "loss": lambda: instantiate(cfg.loss),
        "penalty": lambda: instantiate(cfg.penalty),
        "augment": lambda: instantiate(cfg.augment),
        "classes": lambda: classes,
        "samples": lambda: samples,
    }
    wanted = parts.keys() & signature(target).arguments.keys()
    model: GenerativeModel = instantiate(cfg.model, **{name: parts[name]() for name in parts if name in wanted})
    # channels_last is set in this function, so that sampling later gives the same bits as in training
    return model.to(memory_format=torch.channels_last)


def build_evaluator(cfg: DictConfig, data: Data, extractors: Sequence[Extractor]) -> SampleEvaluator | None:
    """The evaluator of samples of `data`; None if there is none. Images are compared with a reference split.

    Args:
        cfg: configuration of the run.
        data: data set of the run.
        extractors: feature extractors for images.
    """
    if isinstance(data, AnalyticData):
        return instantiate(cfg.evaluator, distribution=data.distribution, count=cfg.evaluate_images)
    if not isinstance(data, Images):
        return None
    split = cfg.evaluate_reference or data.reference
    reference = Reference(images=data.split(split), split=split, count=cfg.evaluate_images)
    labels = data.split_labels(split) if cfg.labels else None
    return instantiate(cfg.evaluator, extractors=extractors, reference=reference, labels=labels, count=None)


def _player(
    cfg: DictConfig, name: Literal["generator", "discriminator", "encoder"], network_kwargs: dict[str, int]
) -> Player:
    """A network with its optimiser; an encoder has G's settings, because the two descend one objective."""
    settings = "generator" if name == "encoder" else name
    return Player(
        name=name,
        network=synchronised(initialised(lambda: instantiate(cfg.network[name], **network_kwargs), cfg.seed, name)),
        make_optimizer=instantiate(cfg.optimizer[settings]),
        schedule=instantiate(cfg.schedule[settings]),
        clip_norm=cfg[f"{settings}_clip_norm"],
        compiled=cfg.compiled,
    )
