"""Features of many images, through Inception with its own resize or with another one."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import untrained
from torch import Tensor

from saddle.metrics.extractors.base import Extractor
from saddle.metrics.extractors.inception import Inception
from saddle.metrics.frechet import GaussianFit, frechet_distance

BATCH = 32

Resize = Callable[[Tensor], Tensor]
"""uint8 images [count, 3, height, width] to float in 0..255 [count, 3, 299, 299]."""


def inception(weights: str | None, count: int) -> tuple[Inception, str]:
    """Inception with a person's weights, or untrained and fitted to `count` images; and a sentence which one it is."""
    if weights:
        extractor = Inception(weights=weights)
        return extractor, f"Inception with the weights {extractor.digest}."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "untrained.pth"
        untrained.write(path, count)
        note = (
            "Inception **untrained**: its distances are no FIDs, and only their ratios between protocols say something."
        )
        return Inception(weights=str(path)), note


def features(extractor: Extractor, images: Tensor) -> Tensor:
    """[count, num_features] of uint8 images."""
    return torch.cat([extractor(batch) for batch in images.split(BATCH)])


def features_resized(extractor: Inception, images: Tensor, resize: Resize) -> Tensor:
    """The same with `resize` in the place of the network's own."""
    return torch.cat([_beyond_the_resize(extractor, resize(batch)) for batch in images.split(BATCH)])


def distance(real: Tensor, fake: Tensor) -> float:
    """Frechet distance between features."""
    return frechet_distance(GaussianFit.fitted(real), GaussianFit.fitted(fake))


def _beyond_the_resize(extractor: Inception, resized: Tensor) -> Tensor:
    """The first layer is handed these images instead of what the network made of those that it was called with."""
    first = extractor.network.Conv2d_1a_3x3
    hook = first.register_forward_pre_hook(lambda *_: ((resized - 128) / 128,))
    try:
        return extractor(torch.zeros(resized.shape, dtype=torch.uint8))
    finally:
        hook.remove()
