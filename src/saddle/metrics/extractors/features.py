"""Distances between the features that an extractor sees in generated and in real images."""

from collections.abc import Callable, Sequence
from functools import cached_property
from math import nan
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddle.data.labels import Labels
from saddle.metrics.comparison import Comparison
from saddle.metrics.extractors.base import Classifier, Extractor
from saddle.metrics.frechet import Gaussian, frechet_distance, frechet_distance_of
from saddle.metrics.inception_score import inception_score
from saddle.metrics.kernel import KernelDistance
from saddle.metrics.manifold import Manifold
from saddle.metrics.per_class import ByClass
from saddle.metrics.reference import Reference
from saddle.noise import generator

OVERLAP = ("precision", "recall", "density", "coverage")


class FeatureDistances(Comparison[Tensor]):
    """Frechet and kernel distance, precision, recall, density and coverage on the features of one extractor.

    Diversity is tr S_g / tr S_r, the total variance of generated features over that of real ones: near 0 where the
    generator has collapsed to few images, 1 where they vary as much as the real ones do.

    Real features, and the Gaussian fitted to them, lie in the cache on disk. Distances are computed in float64 on the
    device of the generated images, the Frechet distance on the CPU. An extractor that classifies also gives an
    inception score, which knows nothing of the real images, and labels give numbers by class (`ByClass`).

    Args:
        extractor: gives the features, and the names of the numbers.
        reference: the real images.
        batch_size: real images that pass through the extractor at a time.
        neighbours: k of precision and recall.
        density_neighbours: k of density and coverage.
        neighbour_images: of more images on a side, precision, recall, density and coverage use a random part.
        score_splits: parts over which the inception score is averaged.
        labels: of the real images; None: there are none.
        class_images: real images of each class that a Frechet distance by class takes.
    """

    def __init__(
        self,
        *,
        extractor: Extractor,
        reference: Reference,
        batch_size: int,
        neighbours: int,
        density_neighbours: int,
        neighbour_images: int,
        score_splits: int,
        labels: Labels | None,
        class_images: int,
    ) -> None:
        self.extractor = extractor
        self.reference = reference
        self.batch_size = batch_size
        self.neighbours = neighbours
        self.density_neighbours = density_neighbours
        self.neighbour_images = neighbour_images
        self.score_splits = score_splits
        self.diversity_name = f"diversity_{extractor.name}"
        self._scored = isinstance(extractor, Classifier)
        overlap = [f"{metric}_{extractor.name}" for metric in OVERLAP]
        score = [f"{extractor.name}_score"] if self._scored else []
        self.names = [extractor.frechet_name, extractor.kernel_name, *score, *overlap, self.diversity_name]
        self.per_class = None
        if labels is not None:
            self.per_class = ByClass(extractor=extractor, labels=labels, least=class_images)
            self.names += self.per_class.names

    def look(self, images: Tensor, indices: range) -> Tensor:
        self.extractor.to(images.device)
        return self.extractor(images)  # [len(indices), num_features]

    def compare(self, looks: Sequence[Tensor], labels: Tensor | None = None) -> dict[str, float]:
        fake = torch.cat(list(looks))  # [count, num_features]
        fake = fake.cpu() if fake.device.type == "mps" else fake  # which has no float64
        numbers = [frechet_distance_of(self._gaussian, fake), self._kernel(fake)]
        if isinstance(self.extractor, Classifier):
            numbers.append(inception_score(self.extractor.logits(fake), self.score_splits))
        overlap = self._manifold(fake)
        numbers += [*(overlap[metric] for metric in OVERLAP), self._diversity(fake)]
        if self.per_class is not None:
            numbers += self.per_class(self.real, fake, labels)
        return dict(zip(self.names, numbers, strict=True))

    def _diversity(self, fake: Tensor) -> float:
        variance = float(fake.double().var(dim=0).sum())
        return variance / self._gaussian.variance if self._gaussian.variance else nan  # equal reals: no measure

    def settings(self) -> dict[str, Any]:
        own = {
            "metrics": self.names,
            "extractor": self.extractor.name,
            "digest": self.extractor.digest,
            "resize": self.extractor.resize,
            "remark": self.extractor.remark,
        }
        neighbours = {
            "neighbours": self.neighbours,
            "density_neighbours": self.density_neighbours,
            "neighbour_images": self.neighbour_images,
        }
        own |= self.per_class.settings() if self.per_class is not None else {}
        return own | neighbours | ({"score_splits": self.score_splits} if self._scored else {})

    def floor(self) -> dict[str, float]:
        """The Frechet distance of one half of the reference to the other: about what perfect samples would score.

        Half as many images stand on each side as in an evaluation, so it is a little too high for that.
        """
        floor = {self.extractor.frechet_name: float(self._cached("floor", self._halves)["floor"])}
        return floor if self.per_class is None else floor | self.per_class.floor(self.real, self._order().chunk(2))

    @cached_property
    def real(self) -> Tensor:
        """Features of the real images, float32 [count, num_features]."""
        return features_of(self.extractor, self.reference, self.batch_size)

    @cached_property
    def _gaussian(self) -> Gaussian:
        return Gaussian.from_arrays(self._cached("moments", lambda: Gaussian.fitted(self.real).arrays()))

    def _halves(self) -> dict[str, np.ndarray]:
        halves = [Gaussian.fitted(self.real[half]) for half in self._order().chunk(2)]
        return {"floor": np.array(frechet_distance(*halves))}

    def _order(self) -> Tensor:
        return torch.from_numpy(generator("evaluation", "halves").permutation(self.reference.count))

    @cached_property
    def _kernel(self) -> KernelDistance:
        return KernelDistance(real=self.real)

    @cached_property
    def _manifold(self) -> Manifold:
        return Manifold(
            real=self.real,
            neighbours=self.neighbours,
            density_neighbours=self.density_neighbours,
            most=self.neighbour_images,
        )

    def _cached(self, kind: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
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
