"""All distances between generated and real images, and the protocol under which they were measured."""

import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor
from torch.utils._pytree import tree_map

from saddle.data.labels import Labels
from saddle.data.pixels import to_uint8
from saddle.distributed import world
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.comparison import Comparison
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.extractors.features import FeatureDistances
from saddle.metrics.reference import Reference, batches, progress
from saddle.metrics.sliced import SlicedDistance

FEW = 1_000
"""Below this many images on a side a warning says that the numbers are biased."""
LIBRARIES = ("torch", "torch-fidelity", "numpy")
"""Their versions belong to a number."""


class Evaluator(SampleEvaluator):
    """Measures a sampler against a fixed set of real images, through one extractor or several.

    The real side is computed at the first call and kept, in memory and in the cache on disk. Nothing is drawn from a
    global generator, and no module changes its mode: training goes on as if nothing had been measured. Several
    processes of one run share out the batches, which are those of one process; the first computes the numbers.

    Args:
        extractors: each gives its own set of numbers; runs are compared by the first one's Frechet distance.
        reference: the real images.
        labels: of the whole set that the reference is of, for numbers by class; None: there are none.
        count: generated images; None is as many as the reference has.
        batch_size: images that are drawn, and passed through the extractors, at a time.
        neighbours: k of precision and recall.
        density_neighbours: k of density and coverage.
        neighbour_images: of more images on a side, these four use a fixed random part.
        score_splits: parts over which an inception score is averaged.
        patches: from each image at each level, for swd.
        projections: directions, for swd.
        class_images: real images of each class that a Frechet distance by class takes; else it is left out.

    Raises:
        ValueError: a side has no more images than `neighbours` or `density_neighbours`.
    """

    of = "images"

    def __init__(
        self,
        *,
        extractors: Sequence[Extractor],
        reference: Reference,
        labels: Labels | None,
        count: int | None,
        batch_size: PositiveInt,
        neighbours: PositiveInt,
        density_neighbours: PositiveInt,
        neighbour_images: PositiveInt,
        score_splits: PositiveInt,
        patches: PositiveInt,
        projections: PositiveInt,
        class_images: PositiveInt,
    ) -> None:
        self.extractors = list(extractors)
        self.reference = reference
        self.count = reference.count if count is None else count
        self.batch_size = batch_size
        nearest = max(neighbours, density_neighbours)
        if min(self.count, reference.count) <= nearest:
            raise ValueError(
                f"{min(self.count, reference.count)} images on one side: precision, recall, density and coverage with "
                f"up to {nearest} neighbours need more images"
            )
        if min(self.count, reference.count) < FEW:
            warnings.warn(
                f"{self.count:,} generated and {reference.count:,} real images: below {FEW:,} the Frechet distance is "
                "biased upwards, and compares only with numbers from as many images",
                stacklevel=2,
            )
        self.comparisons: list[Comparison[Any]] = [
            FeatureDistances(
                extractor=extractor,
                reference=reference,
                batch_size=batch_size,
                neighbours=neighbours,
                density_neighbours=density_neighbours,
                neighbour_images=neighbour_images,
                score_splits=score_splits,
                labels=reference.of(labels),
                class_images=class_images,
            )
            for extractor in self.extractors
        ]
        self.comparisons.append(
            SlicedDistance(reference=reference, batch_size=batch_size, patches=patches, projections=projections)
        )

    def seen(self, x: Tensor) -> Tensor:
        return to_uint8(x)

    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        """Distances of the images sample(range(count)), drawn in batches.

        Args:
            sample: indices to uint8 images [len(indices), channels, height, width], on any device.
            labels: under which they are drawn, [count]; wanted where the reference has labels.

        Returns:
            For each extractor fd_<extractor> and kd_<extractor> (Inception: fid and kid), smaller is better, and
            precision_, recall_, density_, coverage_, diversity_<extractor>; inception_score for Inception; swd. Where
            the reference has labels also those of `ByClass`.
            In a run of several processes the first one has the numbers and the others nothing.
        """
        device = torch.device("cpu")
        own: list[list[Any]] = []  # for each batch what each comparison saw
        for indices in progress(list(world.dealt(batches(self.count, self.batch_size))), "evaluation"):
            images = sample(indices)
            device = images.device
            own.append([comparison.look(images, indices) for comparison in self.comparisons])
        looks = _collected(own, device)
        numbers: dict[str, float] = {}
        for position, comparison in enumerate(self.comparisons if looks else ()):
            numbers |= comparison.compare([look[position] for look in looks], labels)
        world.wait()
        return numbers

    @property
    def metrics(self) -> list[str]:
        """The names of the numbers; first the one that runs are compared by."""
        return [name for comparison in self.comparisons for name in comparison.names]

    def floor(self) -> dict[str, float]:
        """For each Frechet distance what two halves of the real images measure against one another."""
        return {name: value for comparison in self.comparisons for name, value in comparison.floor().items()}

    def protocol(self) -> dict[str, Any]:
        """All that the numbers depend on besides the generated images; numbers of two protocols do not compare."""
        return {
            "images_generated": self.count,
            "images_real": self.reference.count,
            "reference_split": self.reference.split,
            "reference_digest": self.reference.digest,
            "comparisons": [comparison.settings() for comparison in self.comparisons],
            **{name: version(name) for name in LIBRARIES},
        }


def _collected(own: list[list[Any]], device: torch.device) -> list[list[Any]]:
    """The looks of all processes in the order of the images, on `device`; nothing beside the first process."""
    if world.size() == 1:
        return own
    looks = world.collected(tree_map(lambda tensor: tensor.cpu(), own))
    return [] if looks is None else tree_map(lambda tensor: tensor.to(device), looks)
