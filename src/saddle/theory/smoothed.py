"""The density of a generator's samples with Gaussian noise added, (P_G * N)(x) = E_z N(x; G(z), sigma^2 I)."""

import torch
from torch import Tensor

from saddle.theory.gaussian_mixture import GaussianMixture


def convolved(generated: Tensor, deviation: float) -> GaussianMixture:
    """P_G * N(0, deviation^2 I) from the points G(z), [count, size], of evenly spread codes: one component for each."""
    count = len(generated)
    each = torch.ones(count, dtype=torch.float64)
    return GaussianMixture(means=generated.detach(), deviations=deviation * each, weights=each / count)
