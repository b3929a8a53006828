"""The evaluation of images: metrics on features and on the images themselves, and the protocol of their numbers."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor
from torch.utils._pytree import tree_map

from saddle.data.labels import Labels
from saddle.data.pixels import to_uint8
from saddle.distributed import world
from saddle.metrics.base import FeatureMetric, ImageMetric, Metric, SampleEvaluator, bound, computed, settings_of
from saddle.metrics.extractors.base import Classifier, Extractor
from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.reference import Reference, batches, progress

FEW = 1_000
"""With fewer images than this on a side, a warning says that the numbers are biased."""
LIBRARIES = ("torch", "torch-fidelity", "numpy")
"""Libraries whose versions are part of the protocol."""


class ImageEvaluator(SampleEvaluator):
    """Measures a sampler against a fixed set of real images, through one extractor or several.

    A metric that needs more images than a side has gives NaN, and the protocol says why.

    Every image passes through each extractor once, and all metrics on features share the result. What the metrics need
    of the real images is computed at the first call and kept, in memory and in the cache on disk. The processes of one
    run share out the batches, which are those of a single process; the first one computes the numbers.

    Args:
        metrics: metrics on features, which are measured on each extractor, and on images, by option.
        extractors: networks from images to features; runs are compared by the first metric on the first of them.
        reference: the real images.
        labels: classes of the whole set that the reference is taken from; None: there are none.
        count: number of generated images; None is as many as the reference has.
        batch_size: images that are drawn, and passed through the extractors, at a time.

    Raises:
        ValueError: a side has too few images for all of the metrics, or two metrics have the same name.
    """

    def __init__(
        self,
        *,
        metrics: Mapping[str, partial[Metric]],
        extractors: Sequence[Extractor],
        reference: Reference,
        labels: Labels | None,
        count: int | None,
        batch_size: PositiveInt,
    ) -> None:
        self.extractors = list(extractors)
        self.reference = reference
        self.count = reference.count if count is None else count
        self.batch_size = batch_size
        real_labels = reference.of(labels)
        self._features: list[tuple[RealFeatures, dict[str, FeatureMetric]]] = []
        for extractor in self.extractors:
            real = RealFeatures(extractor=extractor, reference=reference, labels=real_labels, batch_size=batch_size)
            self._features.append((real, bound(metrics, _provided(real), real)))
        self._images: dict[str, ImageMetric] = bound(metrics, ["images"], reference)
        self.metrics = [metric for _, own in self._features for metric in own.values()] + [*self._images.values()]
        self._require_names()
        self._warn_of_few()
        self._warn_of_copies()

    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        """The numbers of the images sample(range(count)), which are drawn in batches.

        Args:
            sample: indices -> images [len(indices), channels, height, width] on any device, float in [-1, 1] or uint8.
            labels: classes that the images are drawn for, [count]; required where the reference has labels.
        """
        device = torch.device("cpu")
        own: list[list[Any]] = []  # for each batch, its features on each extractor and what each other metric keeps
        for indices in progress(list(world.dealt(batches(self.count, self.batch_size))), "evaluation"):
            x = sample(indices)
            images = x if x.dtype == torch.uint8 else to_uint8(x)
            device = images.device
            features = [real.of(images) for real, _ in self._features]
            own.append([*features, *(metric.keep(images, indices) for metric in self._images.values())])
        kept = list(zip(*_collected(own, device), strict=True))
        numbers: dict[str, float] = {}
        for (_, metrics), parts in zip(self._features, kept, strict=False):
            fake = torch.cat(parts)  # [count, num_features]
            fake = fake.cpu() if fake.device.type == "mps" else fake  # which has no float64
            for metric in metrics.values():
                numbers |= self._null(metric) or computed(metric, metric.compute(fake, labels))
        for image_metric, parts in zip(self._images.values(), kept[len(self._features) :], strict=False):
            numbers |= self._null(image_metric) or computed(image_metric, image_metric.compute(parts))
        world.wait()
        return numbers

    def protocol(self) -> dict[str, Any]:
        return {
            "images_generated": self.count,
            "images_real": self.reference.count,
            "reference_copies": self.reference.copies,
            "reference_split": self.reference.split,
            "reference_digest": self.reference.digest,
            "comparisons": [
                *({**_names(own), **real.extractor.described(), **settings_of(own)} for real, own in self._features),
                *({**_names({option: metric}), **metric.settings()} for option, metric in self._images.items()),
            ],
            **({"not_measured": lacking} if (lacking := self._not_measured()) else {}),
            **{name: version(name) for name in LIBRARIES},
        }

    def _null(self, metric: Metric) -> dict[str, float]:
        """NaN for each number of a metric for which a side has too few images, which is stored as null; else empty."""
        missing = self._not_measured()
        return {name: math.nan for name in metric.higher_is_better if name in missing}

    def _not_measured(self) -> dict[str, str]:
        """Name -> reason, for the numbers for which a side has too few images."""
        smaller = min(self.count, self.reference.count)
        few = [metric for metric in self.metrics if smaller < metric.fewest]
        return {
            name: f"{smaller} images on one side; at least {metric.fewest} are needed on each"
            for metric in few
            for name in metric.higher_is_better
        }

    def _warn_of_few(self) -> None:
        """Warn of a side with too few images for a metric, or with so few that numbers are biased."""
        smaller = min(self.count, self.reference.count)
        missing = self._not_measured()
        for reason in dict.fromkeys(missing.values()):
            names = ", ".join(name for name in missing if missing[name] == reason)
            if all(smaller < metric.fewest for metric in self.metrics):
                raise ValueError(f"{names} cannot be measured: {reason}")
            warnings.warn(f"{names} will be null: {reason}", stacklevel=3)
        if smaller < FEW:
            warnings.warn(
                f"{self.count:,} generated and {self.reference.count:,} real images: with fewer than {FEW:,} the "
                "Frechet distance is biased upwards, and compares only with numbers from as many images",
                stacklevel=3,
            )

    def _warn_of_copies(self) -> None:
        """Warn of real images that are equal, if a metric looks at neighbours or pairs of images."""
        affected = [name for metric in self.metrics if metric.copies_matter for name in metric.higher_is_better]
        if affected and self.reference.copies:
            warnings.warn(
                f"{self.reference.copies:,} of the {self.reference.count:,} real images are copies of others, pixel "
                f"for pixel: {', '.join(affected)} differ from those of a set without copies; remove them from the set",
                stacklevel=3,
            )


def _provided(real: RealFeatures) -> list[str]:
    """What metrics on these features can compute from."""
    classifies = isinstance(real.extractor, Classifier)
    return ["features", *(["logits"] if classifies else []), *(["labels"] if real.labels is not None else [])]


def _names(metrics: Mapping[str, Metric]) -> dict[str, list[str]]:
    return {"metrics": [name for metric in metrics.values() for name in metric.higher_is_better]}


def _collected(own: list[list[Any]], device: torch.device) -> list[list[Any]]:
    """The batches of all processes in the order of the images, on `device`; nothing except in the first process."""
    if world.size() == 1:
        return own
    everything = world.collected(tree_map(lambda tensor: tensor.cpu(), own))
    return [] if everything is None else tree_map(lambda tensor: tensor.to(device), everything)
