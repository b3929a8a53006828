"""Gaussians to compare, and when an estimate is right."""

from collections.abc import Callable

import torch
from torch import Tensor

from saddle.theory import between
from saddle.theory.arrangements import line
from saddle.theory.distribution import Distribution
from saddle.theory.estimate import Estimate
from saddle.theory.gaussian_mixture import GaussianMixture

Between = Callable[[Distribution, Distribution], Estimate]
ALL: list[Between] = [
    between.kl,
    between.reverse_kl,
    between.jsd,
    between.total_variation,
    between.chi_squared,
    between.squared_hellinger,
]


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def gaussian(mean: float, deviation: float) -> GaussianMixture:
    return line(means=[mean], deviations=[deviation], weights=[1])


def in_the_plane(mean: list[float], deviation: float) -> GaussianMixture:
    return GaussianMixture(means=numbers(*mean)[None], deviations=numbers(deviation), weights=torch.ones(1))


def assert_close(estimate: Estimate, truth: float, within: float) -> None:
    """The number is right, its error is an upper bound, and small; relative to the truth where that is above 1."""
    scale = max(1, abs(truth))
    assert abs(estimate.value - truth) < within * scale
    assert abs(estimate.value - truth) <= estimate.error + 2e-11 * scale
    assert estimate.error < within * scale
