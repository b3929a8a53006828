"""From a checked configuration to objects: the one place where the parts of a run are put together."""

from collections.abc import Sequence

import torch
from omegaconf import DictConfig

from saddle.config import instantiate
from saddle.data.base import Data
from saddle.data.images import Images
from saddle.metrics.evaluator import Evaluator
from saddle.metrics.extractor import Extractor
from saddle.metrics.reference import Reference
from saddle.models.base import GenerativeModel
from saddle.networks.batch_norm import synchronised
from saddle.networks.initial import initialised


def build_data(cfg: DictConfig) -> Data:
    """The data set of the configuration."""
    return instantiate(cfg.data)


def build_model(cfg: DictConfig) -> GenerativeModel:
    """The model with fresh weights, a function of `cfg.seed`; each network's are independent of the other network."""
    model: GenerativeModel = instantiate(
        cfg.model,
        generator=synchronised(initialised(lambda: instantiate(cfg.network.generator), cfg.seed, "generator")),
        discriminator=synchronised(
            initialised(lambda: instantiate(cfg.network.discriminator), cfg.seed, "discriminator")
        ),
        loss=instantiate(cfg.loss),
        penalty=instantiate(cfg.penalty),
        augment=instantiate(cfg.get("augment")),  # runs of earlier versions lack it
        make_generator_optimizer=instantiate(cfg.optimizer.generator),
        make_discriminator_optimizer=instantiate(cfg.optimizer.discriminator),
        generator_schedule=instantiate(cfg.schedule.generator),
        discriminator_schedule=instantiate(cfg.schedule.discriminator),
    )
    return model.to(
        memory_format=torch.channels_last
    )  # here, so that sampling later gives the same bits as in training


def build_evaluator(cfg: DictConfig, data: Data, extractors: Sequence[Extractor]) -> Evaluator | None:
    """The evaluation against the reference split that the configuration names; None where x is no image.

    Args:
        cfg: the configuration.
        data: its data set.
        extractors: to measure through.
    """
    if not isinstance(data, Images):
        return None
    split = cfg.evaluate_reference or data.reference
    reference = Reference(images=data.split(split), split=split, count=cfg.evaluate_images)
    return instantiate(cfg.evaluator, extractors=extractors, reference=reference, count=None)
