"""A test for memorisation: samples next to their nearest training images."""

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from saddle.data.images import Images
from saddle.data.pixels import grid, to_uint8
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.extractors.features import features_of
from saddle.metrics.nearest import nearest
from saddle.metrics.reference import Reference
from saddle.models.base import GenerativeModel

SHOWN = 32
"""Number of samples in the picture."""
COMPARED = 1_000
"""Number of samples, and of held-out images, whose distances are compared."""
BATCH = 250
COLUMNS = 4
HEADER = 20
"""Pixels of the line above the pairs."""


@dataclass(frozen=True)
class Memorised:
    """A model's samples and the training images nearest to them.

    Attributes:
        picture: pairs, four in a row: a sample and, to its right, the nearest training image.
        numbers: median distance, in the features of `extractor`, from samples to their nearest training image, and from
            held-out images, where there are some. If samples are much nearer than held-out images, they are copies.
    """

    picture: Image.Image
    numbers: dict[str, Any]


def memorised(model: GenerativeModel, seed: int, data: Images, extractor: Extractor) -> Memorised:
    """Find the nearest training images of the samples of `model`, in the features of `extractor`."""
    train = Reference(images=data.train, split="train", count=len(data.train))
    real = features_of(extractor, train, BATCH)  # [train, num_features]
    count = min(COMPARED, len(data.train))
    samples = [to_uint8(model.sample(range(i, min(i + BATCH, count)), seed)).cpu() for i in range(0, count, BATCH)]
    distances, rows = nearest(_features(samples, extractor), real)
    numbers: dict[str, Any] = {"extractor": extractor.name, "samples": float(distances.median())}
    if data.test is not None:
        held_out = Reference(images=data.test, split="test", count=min(COMPARED, len(data.test)))
        numbers["held_out"] = float(nearest(features_of(extractor, held_out, BATCH), real)[0].median())
    shown = torch.cat(samples)[:SHOWN]
    return Memorised(picture=_pairs(shown, data.train[rows[: len(shown)].numpy()]), numbers=numbers)


def _pairs(samples: Tensor, neighbours: Tensor) -> Image.Image:
    """Pairs of images [count, channels, height, width] under a line of explanation."""
    thin = torch.full((*samples.shape[:3], 1), 255, dtype=torch.uint8)
    pairs = grid(torch.cat([samples, thin, neighbours], dim=3), columns=COLUMNS, gap=10)
    sheet = Image.new(pairs.mode, (pairs.width, pairs.height + HEADER), "white")
    sheet.paste(pairs, (0, HEADER))
    ImageDraw.Draw(sheet).text(
        (10, 6), "each pair: a sample, and to its right the nearest training image", fill="black"
    )
    return sheet


def _features(batches: list[Tensor], extractor: Extractor) -> Tensor:
    device = next(iter(extractor.parameters())).device
    return torch.cat([extractor(images.to(device)).cpu() for images in batches])
