"""Metrics of a conditional model, class by class, on the features of one extractor."""

import warnings
from math import nan
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveInt
from torch import Tensor

from saddle.data.labels import Labels
from saddle.metrics.base import LabelMetric
from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.metrics.order import random_order

FOLDS = 10
"""Parts of the real images; each is classified by the others, so that the classifier sees nearly all of them."""
RIDGE = 1e-3
"""In units of the mean variance within classes, added in every direction: there may be more features than images."""


class ClassAccuracy(LabelMetric):
    """`class_accuracy_<extractor>`: does a conditional model draw the class that it is asked for?

    The share of generated images of class y that a linear classifier of the real features assigns to y. The classifier
    is Fisher's: the class whose mean is nearest in the metric of the covariance S within classes,

        argmin_y (f - m_y)^T (S + r I)^-1 (f - m_y),    r = 1e-3 tr S / num_features

    with S pooled over the real images around the mean m_y of their own class. It sees no more than the extractor does;
    its floor is its accuracy on the real images themselves, each tenth of them classified by the other nine tenths.
    """

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {f"class_accuracy_{self.real.extractor.name}": True}

    def settings(self) -> dict[str, Any]:
        return {**_described(_labels_of(self.real)), "accuracy_floor": f"{FOLDS} folds"}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        name, own = f"class_accuracy_{self.real.extractor.name}", torch.from_numpy(_labels_of(self.real).values)
        requested = _required(labels, name)
        return {name: _accuracy(self.real.values, own, features.cpu(), requested)}

    def floor(self, count: int) -> dict[str, float]:
        name, labels = f"class_accuracy_{self.real.extractor.name}", _labels_of(self.real)
        if len(labels.values) < 2:
            return {}
        accuracy = float(self.real.cached(f"accuracy_{labels.digest}", self._across_folds)["accuracy"])
        return {name: accuracy, f"{name}_error": (accuracy * (1 - accuracy) / count) ** 0.5}

    def _across_folds(self) -> dict[str, NDArray[np.float64]]:
        real, own = self.real.values, torch.from_numpy(_labels_of(self.real).values)
        right = 0.0
        for fold in random_order(real).chunk(FOLDS):
            rest = torch.ones(len(real), dtype=torch.bool).index_fill(0, fold, False)
            right += len(fold) * _accuracy(real[rest], own[rest], real[fold], own[fold])
        return {"accuracy": np.array(right / len(real))}


class ClassFrechetDistance(LabelMetric):
    """`<Frechet distance>_class_mean`: the mean over classes of the Frechet distance within a class.

    Each distance is that of the generated images of a class to the real ones of the class (intra FID, Miyato and Koyama
    2018), so it also notices too little variety within a class. There are few images on each side, and the distance is
    biased upwards accordingly. NaN where a class has fewer than two generated images.

    Args:
        real: the real images' features and labels.
        class_images: number of real images that each class must have; otherwise the metric has no number, and a warning
            says so.
    """

    def __init__(self, *, real: RealFeatures, class_images: PositiveInt) -> None:
        super().__init__(real=real)
        self.least = max(2, class_images)
        self._name = f"{real.extractor.frechet_name}_class_mean"
        labels = _labels_of(real)
        name, count = min(zip(labels.names, map(int, labels.counts), strict=True), key=lambda pair: pair[1])
        self._enough = count >= self.least
        if not self._enough:
            warnings.warn(
                f"{self._name} is left out: class {name} has {count} images in the reference, it takes {self.least} "
                "(evaluator.metrics.class_frechet.class_images); evaluate_reference=train or all, and evaluate_images, "
                "choose a larger one",
                stacklevel=2,
            )

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {self._name: False} if self._enough else {}

    def settings(self) -> dict[str, Any]:
        return {**_described(_labels_of(self.real)), "class_images": self.least}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        if not self._enough:
            return {}
        requested, fake, known = _required(labels, self._name), features.cpu(), _labels_of(self.real)
        own = torch.from_numpy(known.values)
        distances = [_distance(self.real.values[own == y], fake[requested == y]) for y in range(len(known.names))]
        return {self._name: sum(distances) / len(distances)}


def _labels_of(real: RealFeatures) -> Labels:
    assert real.labels is not None  # the evaluator binds no metric on labels otherwise
    return real.labels


def _described(labels: Labels) -> dict[str, Any]:
    return {"classes": len(labels.names), "labels": labels.digest}


def _required(labels: Tensor | None, name: str) -> Tensor:
    if labels is None:
        raise ValueError(f"{name} wants the labels of the generated images; pass them to the evaluator as `labels`")
    return labels.cpu()


def _distance(real: Tensor, fake: Tensor) -> float:
    return nan if len(fake) < 2 else frechet_distance(GaussianFit.fitted(real), GaussianFit.fitted(fake))


def _accuracy(real: Tensor, labels: Tensor, fake: Tensor, requested: Tensor) -> float:
    """The share of `fake` that the classifier fitted to `real` assigns to the class that was requested."""
    present = labels.unique()  # [classes], ascending: a half of the images may lack one
    features, rows = real.double(), torch.searchsorted(present, labels)
    means = torch.stack([features[rows == row].mean(0) for row in range(len(present))])  # [classes, num_features]
    within = features - means[rows]
    scatter = within.T @ within / len(within)  # [num_features, num_features]
    ridge = RIDGE * scatter.diagonal().mean().clamp(min=torch.finfo(torch.float64).tiny)
    weights = torch.linalg.solve(scatter + ridge * torch.eye(len(scatter), dtype=torch.float64), means.T)
    scores = fake.double() @ weights - (means.T * weights).sum(0) / 2  # [count, classes]
    return float((present[scores.argmax(1)] == requested).double().mean())
