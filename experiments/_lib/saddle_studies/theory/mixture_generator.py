"""A generator that is a mixture of Gaussians with trainable parameters."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.theory.density import Density, MassCentres
from saddle.theory.gaussian_mixture import GaussianMixture


class MixtureGenerator(nn.Module, Density):
    """p(x) = sum_i w_i N(x; m_i, s_i^2 I) with w = softmax of trained logits, log s trained, m trained.

    The gradient of log p flows into all of them and into x. A draw chooses a component, so samples carry no gradient.

    Args:
        start: the initial mixture, without weights of 0.
    """

    def __init__(self, *, start: GaussianMixture) -> None:
        super().__init__()
        self.means = nn.Parameter(start.means.clone())
        self.log_deviations = nn.Parameter(start.deviations.log())
        self.logits = nn.Parameter(start.weights.log())
        self.shape = start.shape

    @property
    def mixture(self) -> GaussianMixture:
        """The current distribution; gradients flow through it."""
        weights = self.logits.softmax(0)
        return GaussianMixture(means=self.means, deviations=self.log_deviations.exp(), weights=weights)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.mixture.log_prob(x)

    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        return self.mixture.sample(indices, seed)

    @torch.no_grad()
    def cdf(self, x: Tensor) -> Tensor:
        return self.mixture.cdf(x)

    def mass_centres(self) -> MassCentres:
        return self.mixture.mass_centres()
