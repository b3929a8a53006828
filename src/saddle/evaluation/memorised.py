"""Is it memorised? Samples beside the training images that they are most like."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddle.data.images import Images
from saddle.data.pixels import grid, to_uint8
from saddle.metrics.extractor import Extractor
from saddle.metrics.features import features_of
from saddle.metrics.nearest import nearest
from saddle.metrics.reference import Reference
from saddle.models.base import GenerativeModel

SHOWN = 32
"""Samples in the picture."""
COMPARED = 1_000
"""Samples, and held-out images, whose distances are compared."""
BATCH = 250


@dataclass(frozen=True)
class Memorised:
    """What is known of a model's samples and the training images nearest to them.

    Attributes:
        picture: pairs, a sample and to its right the nearest training image, four pairs in a row.
        numbers: median distance in the features of `extractor` from samples to their nearest training image, and the
            same from held-out images, where there are some: samples that are much nearer than those are copies.
    """

    picture: Image.Image
    numbers: dict[str, Any]


def memorised(model: GenerativeModel, seed: int, data: Images, extractor: Extractor) -> Memorised:
    """Look for the samples of `model` among the training images of `data`, in the features of `extractor`."""
    train = Reference(images=data.train, split="train", count=len(data.train))
    real = features_of(extractor, train, BATCH)  # [train, num_features]
    count = min(COMPARED, len(data.train))
    samples = [to_uint8(model.sample(range(i, min(i + BATCH, count)), seed)).cpu() for i in range(0, count, BATCH)]
    distances, rows = nearest(_features(samples, extractor), real)
    numbers: dict[str, Any] = {"extractor": extractor.name, "samples": float(distances.median())}
    if data.test is not None:
        held_out = data.test[np.arange(min(COMPARED, len(data.test)))]
        numbers["held_out"] = float(nearest(_features(list(held_out.split(BATCH)), extractor), real)[0].median())
    shown = torch.cat(samples)[:SHOWN]
    pairs = torch.stack([shown, data.train[rows[: len(shown)].numpy()]], dim=1)  # [shown, 2, channels, height, width]
    return Memorised(picture=grid(pairs.flatten(0, 1), columns=8), numbers=numbers)


def _features(batches: list[Tensor], extractor: Extractor) -> Tensor:
    device = next(iter(extractor.parameters())).device
    return torch.cat([extractor(images.to(device)).cpu() for images in batches])
