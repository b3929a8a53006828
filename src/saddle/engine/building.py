"""From a checked configuration to objects: the one place where the parts of a run are put together."""

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


def build_classes(cfg: DictConfig, data: Data) -> Classes | None:
    """The classes of a conditional game; None where labels are not asked for.

    Raises:
        ValueError: the data have none.
    """
    if not cfg.labels:
        return None
    if data.classes is None:
        raise ValueError(f"labels=true: nothing is known of the classes of {data.name}; set labels=false")
    return data.classes


def facts_of(cfg: DictConfig, data: Data) -> dict[str, Any]:
    """What a run's summary says of its data; a conditional one's also names the classes, and knows their labels."""
    facts = data.facts()
    classes = build_classes(cfg, data)
    if classes is None or not isinstance(data, Images):
        return facts
    labels = data.split_labels("train")
    digest = {**facts["digest"], "labels": labels and labels.digest}
    return {**facts, "classes": classes.counts, "digest": digest}


def own_extractors(cfg: DictConfig) -> list[Extractor]:
    """The extractor that the configuration names, if it names one."""
    return [instantiate(cfg.extractor)] if "extractor" in cfg else []


def build_model(cfg: DictConfig, classes: Classes | None = None, samples: int | None = 0) -> GenerativeModel:
    """The model with fresh weights, a function of `cfg.seed`; each network's are independent of the other network.

    It is built from what its constructor names, and nothing else is built.

    Args:
        cfg: the configuration.
        classes: of a conditional game.
        samples: training samples; None where they have no end, 0 for a model that only draws.
    """
    target = resolve(cfg.model._target_, "model")
    parts: dict[str, Callable[[], Any]] = {
        "generator": lambda: _player(cfg, "generator", classes),
        "discriminator": lambda: _player(cfg, "discriminator", classes),
        "encoder": lambda: _encoder(cfg, int(attribute(target, "code_parameters"))),  # type: ignore[call-overload]  # a number of the class
        "loss": lambda: instantiate(cfg.loss),
        "penalty": lambda: instantiate(cfg.penalty),
        "augment": lambda: instantiate(cfg.augment),
        "classes": lambda: classes,
        "samples": lambda: samples,
    }
    wanted = parts.keys() & signature(target).arguments.keys()
    model: GenerativeModel = instantiate(cfg.model, **{name: parts[name]() for name in parts if name in wanted})
    return model.to(
        memory_format=torch.channels_last
    )  # here, so that sampling later gives the same bits as in training


def build_evaluator(cfg: DictConfig, data: Data, extractors: Sequence[Extractor]) -> SampleEvaluator | None:
    """The evaluation that the data are measured by; None where there is none.

    Images are compared with the reference split that the configuration names.

    Args:
        cfg: the configuration.
        data: its data set.
        extractors: to measure images through.
    """
    if isinstance(data, AnalyticData):
        return instantiate(cfg.evaluator, distribution=data.distribution, count=cfg.evaluate_images)
    if not isinstance(data, Images):
        return None
    split = cfg.evaluate_reference or data.reference
    reference = Reference(images=data.split(split), split=split, count=cfg.evaluate_images)
    labels = data.split_labels(split) if cfg.labels else None
    return instantiate(cfg.evaluator, extractors=extractors, reference=reference, labels=labels, count=None)


def samples_of(data: Data) -> int | None:
    """How many training samples there are; None where they have no end."""
    return len(data.train) if isinstance(data, Images) else None


def _encoder(cfg: DictConfig, parameters: int) -> Player:
    """A discriminator's body with `parameters` outputs for each dimension of a code; it learns as the generator does.

    Encoder and generator descend one objective, so the settings of G's optimiser are those of both.
    """
    outputs = parameters * cfg.code_size
    return Player(
        name="encoder",
        network=synchronised(
            initialised(lambda: instantiate(cfg.network.encoder, outputs=outputs), cfg.seed, "encoder")
        ),
        make_optimizer=instantiate(cfg.optimizer.generator),
        schedule=instantiate(cfg.schedule.generator),
        clip_norm=cfg.generator_clip_norm,
        compiled=cfg.compiled,
    )


def _player(cfg: DictConfig, name: Literal["generator", "discriminator"], classes: Classes | None) -> Player:
    told = {} if classes is None else {"classes": len(classes)}
    return Player(
        name=name,
        network=synchronised(initialised(lambda: instantiate(cfg.network[name], **told), cfg.seed, name)),
        make_optimizer=instantiate(cfg.optimizer[name]),
        schedule=instantiate(cfg.schedule[name]),
        clip_norm=cfg[f"{name}_clip_norm"],
        compiled=cfg.compiled,
    )
