"""Numbers of each class by itself, on features of one extractor."""

import warnings
from collections.abc import Sequence
from math import nan
from typing import Any

import torch
from torch import Tensor

from saddle.data.labels import Labels
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.frechet import Gaussian, frechet_distance

RIDGE = 1e-3
"""Of the mean variance within classes, added in every direction: features may be more than images."""


class ByClass:
    """Whether a conditional model draws what it is asked for, and how well.

    class_accuracy_<extractor> is the share of generated images of class y that a linear classifier of the real features
    takes for y. It is Fisher's: the class whose mean is nearest in the metric of the covariance S within classes,

        argmin_y (f - m_y)^T (S + r I)^-1 (f - m_y),    r = 1e-3 tr S / num_features

    with S pooled over the real images around their own class's mean m_y. It sees no further than the extractor does;
    its floor is its accuracy on one half of the real images after the other half.

    <frechet name>_class_mean is the mean over classes of the Frechet distance of the generated images of a class to the
    real ones of that class (intra FID, Miyato and Koyama 2018): it also sees too little variety within a class. It has
    few images on each side and is biased upwards accordingly. NaN where a class has fewer than two generated images.

    Args:
        extractor: whose features they are.
        labels: of the real images.
        least: real images of each class that the Frechet distance takes; with fewer of one it is left out, and a
            warning says so.
    """

    def __init__(self, *, extractor: Extractor, labels: Labels, least: int) -> None:
        self.labels, self.least = labels, max(2, least)
        self.accuracy_name = f"class_accuracy_{extractor.name}"
        self.names = [self.accuracy_name]
        few = [
            (name, int(count)) for name, count in zip(labels.names, labels.counts, strict=True) if count < self.least
        ]
        mean_name = f"{extractor.frechet_name}_class_mean"
        if few:
            name, count = min(few, key=lambda pair: pair[1])
            warnings.warn(
                f"{mean_name} is left out: class {name} has {count} images in the reference, it takes {self.least} "
                "(evaluator.class_images); evaluate_reference=train or all, and evaluate_images, choose a larger one",
                stacklevel=2,
            )
        else:
            self.names.append(mean_name)

    def settings(self) -> dict[str, Any]:
        """What the numbers depend on besides features."""
        return {"classes": len(self.labels.names), "labels": self.labels.digest, "class_images": self.least}

    def __call__(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> list[float]:
        """The numbers in the order of `names`; features [count, num_features], labels [count] of the generated ones.

        Raises:
            ValueError: the generated images have no labels.
        """
        if labels is None:
            raise ValueError(f"{self.accuracy_name} wants the labels of the generated images")
        asked, fake, own = labels.cpu(), fake.cpu(), torch.from_numpy(self.labels.values)
        numbers = [_accuracy(real, own, fake, asked)]
        if len(self.names) > 1:
            distances = [self._distance(real[own == y], fake[asked == y]) for y in range(len(self.labels.names))]
            numbers.append(sum(distances) / len(distances))
        return numbers

    def floor(self, real: Tensor, halves: Sequence[Tensor]) -> dict[str, float]:
        """What one half of the real images scores after the other half."""
        own = torch.from_numpy(self.labels.values)
        first, second = halves
        return {self.accuracy_name: _accuracy(real[first], own[first], real[second], own[second])}

    def _distance(self, real: Tensor, fake: Tensor) -> float:
        return nan if len(fake) < 2 else frechet_distance(Gaussian.fitted(real), Gaussian.fitted(fake))


def _accuracy(real: Tensor, labels: Tensor, fake: Tensor, asked: Tensor) -> float:
    """The share of `fake` that the classifier fitted to `real` takes for what was asked."""
    present = labels.unique()  # [classes], ascending: a half of the images may lack one
    features, rows = real.double(), torch.searchsorted(present, labels)
    means = torch.stack([features[rows == row].mean(0) for row in range(len(present))])  # [classes, num_features]
    within = features - means[rows]
    scatter = within.T @ within / len(within)  # [num_features, num_features]
    ridge = RIDGE * scatter.diagonal().mean().clamp(min=torch.finfo(torch.float64).tiny)
    weights = torch.linalg.solve(scatter + ridge * torch.eye(len(scatter), dtype=torch.float64), means.T)
    scores = fake.double() @ weights - (means.T * weights).sum(0) / 2  # [count, classes]
    return float((present[scores.argmax(1)] == asked).double().mean())
