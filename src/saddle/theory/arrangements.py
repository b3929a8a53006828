"""Gaussian mixtures in the usual arrangements; all components have equal weights unless weights are passed."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.theory.gaussian_mixture import GaussianMixture


def line(*, means: Sequence[float], deviations: Sequence[float], weights: Sequence[float]) -> GaussianMixture:
    """A mixture on the line, with one number of each list for each component; `shape` is (1,)."""
    return GaussianMixture(
        means=torch.tensor(means, dtype=torch.float64)[:, None],
        deviations=torch.tensor(deviations, dtype=torch.float64),
        weights=torch.tensor(weights, dtype=torch.float64),
    )


def ring(*, count: int, radius: float, deviation: float) -> GaussianMixture:
    """`count` Gaussians on a circle in the plane, the first at (radius, 0) (Metz et al. 2017: 8, radius 2, 0.02)."""
    angle = 2 * math.pi * torch.arange(count, dtype=torch.float64) / count
    return _round(radius * torch.stack([angle.cos(), angle.sin()], dim=1), deviation)


def grid(*, side: int, spacing: float, deviation: float) -> GaussianMixture:
    """side x side Gaussians on a square lattice about the origin (Srivastava et al. 2017: 5 x 5, spacing 2)."""
    at = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    return _round(torch.cartesian_prod(at, at), deviation)


def spiral(*, count: int, turns: float, radius: float, deviation: float) -> GaussianMixture:
    """`count` Gaussians along an Archimedean spiral from near the origin to `radius`.

    Mode i = 1 ... count is at t (cos(2 pi turns t), sin(2 pi turns t)) radius with t = sqrt(i / count): the modes are
    about equally spaced along the curve.
    """
    t = (torch.arange(1, count + 1, dtype=torch.float64) / count).sqrt()
    angle = 2 * math.pi * turns * t
    return _round(radius * t[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1), deviation)


def _round(means: Tensor, deviation: float) -> GaussianMixture:
    """Round Gaussians of equal deviations and weights around means [components, 2]."""
    count = len(means)
    if not count:
        raise ValueError("a mixture needs at least one component")
    each = torch.ones(count, dtype=torch.float64)
    return GaussianMixture(means=means, deviations=deviation * each, weights=each / count)
