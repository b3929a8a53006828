"""Gaussians to compare, and when an estimate is right."""

import torch
from torch import Tensor

from saddle.theory.arrangements import line
from saddle.theory.estimate import Estimate
from saddle.theory.gaussian_mixture import GaussianMixture


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def gaussian(mean: float, deviation: float) -> GaussianMixture:
    return line(means=[mean], deviations=[deviation], weights=[1])


def in_the_plane(mean: list[float], deviation: float) -> GaussianMixture:
    return GaussianMixture(means=numbers(*mean)[None], deviations=numbers(deviation), weights=torch.ones(1))


def assert_close(found: Estimate, truth: float, within: float) -> None:
    """The number is right, its error is an upper bound, and small; relative to the truth where that is above 1."""
    scale = max(1, abs(truth))
    assert abs(found.value - truth) < within * scale
    assert abs(found.value - truth) <= found.error + 2e-11 * scale
    assert found.error < within * scale
