"""The features that an extractor finds in real images, which all metrics on this extractor share."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from saddle.data.labels import Labels
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.frechet import GaussianFit
from saddle.metrics.reference import Reference


class RealFeatures:
    """The real side of metrics on features: an extractor and its features of the reference.

    The features, and the Gaussian that is fitted to them, are computed once and stored in the cache on disk.

    Args:
        extractor: the network from images to features.
        reference: the real images.
        labels: their classes; None: there are none.
        batch_size: real images that pass through the extractor at a time.
    """

    def __init__(self, *, extractor: Extractor, reference: Reference, labels: Labels | None, batch_size: int) -> None:
        self.extractor = extractor
        self.reference = reference
        self.labels = labels
        self.batch_size = batch_size

    def of(self, images: Tensor) -> Tensor:
        """Features of other images, uint8, on their device: float32 [count, num_features]."""
        self.extractor.to(images.device)
        return self.extractor(images)

    @cached_property
    def values(self) -> Tensor:
        """Features of the real images, float32 [count, num_features], on the CPU."""
        return features_of(self.extractor, self.reference, self.batch_size)

    @cached_property
    def gaussian(self) -> GaussianFit:
        """The Gaussian with the mean and the covariance of the real features."""
        return GaussianFit.from_arrays(self.cached("moments", lambda: GaussianFit.fitted(self.values).arrays()))

    def cached(self, kind: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The arrays `kind`, which depend on the real features alone: from the cache, or made by `make()`."""
        return _cached(self.extractor, self.reference, kind, make)


def features_of(extractor: Extractor, reference: Reference, batch_size: int) -> Tensor:
    """Features of the real images, float32 [count, num_features], on the CPU; from the cache if they are there."""
    device = _device(extractor)

    def extract() -> dict[str, np.ndarray]:
        batches = reference.batches(batch_size, f"{extractor.name} features of real images")
        return {"features": torch.cat([extractor(images.to(device)).cpu() for _, images in batches]).numpy()}

    return torch.from_numpy(_cached(extractor, reference, "features", extract)["features"])


def _cached(
    extractor: Extractor, reference: Reference, kind: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    settings = extractor.digest, extractor.resize, _device(extractor).type
    return reference.cached(f"features/{extractor.name}_{kind}", make, *settings)


def _device(extractor: Extractor) -> torch.device:
    return next(iter(extractor.parameters())).device
