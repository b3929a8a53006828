"""Kernel distance: the maximum mean discrepancy of features under a cubic kernel."""

from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor

from saddle.metrics.base import FeatureMetric

ROWS = 1024
"""Rows of a kernel matrix that are in memory at a time: 1,024 x 10,000 numbers instead of 10,000 x 10,000."""


class KernelDistance(FeatureMetric):
    """`MeanDiscrepancy` of generated and real features: `kid` on Inception's features, else `kd_<extractor>`."""

    fewest = 2
    copies_matter = True

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {self.real.extractor.kernel_name: False}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        return {self.real.extractor.kernel_name: self._discrepancy(features)}

    @cached_property
    def _discrepancy(self) -> "MeanDiscrepancy":
        return MeanDiscrepancy(real=self.real.values)


class MeanDiscrepancy:
    """Unbiased estimate of the squared maximum mean discrepancy between real and generated features.

        KD = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j),
        k(x, y) = (x . y / d + 1)^3

    Binkowski et al. 2018, "Demystifying MMD GANs" (KID, with Inception features). The paper averages over random
    subsets to save memory. Here one subset holds all images, so nothing is drawn and the variance is the smallest. The
    estimate is unbiased: when both sets come from one distribution it is around 0, and sometimes below. It is computed
    in float64, since it is a small difference of three means.

    A copy of an image counts as another image, which adds about k(x, x) / n to the mean
    of a set of n images that holds each of them twice.

    Args:
        real: features [count, num_features], at least two.
    """

    def __init__(self, *, real: Tensor) -> None:
        self._real = real.double()
        self._among_real = _mean_among(self._real)

    def __call__(self, fake: Tensor) -> float:
        """The distance of the features fake [count, num_features], at least two."""
        fake, real = fake.double(), self._real.to(fake.device)
        cross = sum(_total(_kernel(rows, fake)) for rows in real.split(ROWS)) / (len(real) * len(fake))
        return self._among_real + _mean_among(fake) - 2 * cross


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """The cubic kernel between the rows of x [n, d] and y [m, d]: [n, m]."""
    base = torch.addmm(x.new_ones(1), x, y.T, alpha=1 / x.shape[1])  # [n, m]
    return base.square().mul_(base)


def _mean_among(x: Tensor) -> float:
    """Mean of k(x_i, x_j) over i != j; only the upper triangle of the symmetric matrix is computed, block by block."""
    total = 0.0
    for start, rows in _blocks(x):
        square = _kernel(rows, rows)
        total += _total(square) - _total(square.diagonal())
        total += 2 * _total(_kernel(rows, x[start + len(rows) :]))
    return total / (len(x) * (len(x) - 1))


def _blocks(x: Tensor) -> Iterator[tuple[int, Tensor]]:
    return zip(range(0, len(x), ROWS), x.split(ROWS), strict=True)


def _total(block: Tensor) -> float:
    return float(block.sum())
