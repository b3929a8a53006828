r"""A model that cannot express the data: one Gaussian Q on two modes of P.

Maximum likelihood, KL(P || Q), penalises data where Q has no density: Q covers both modes and has its own between them.
KL(Q || P) penalises samples of Q where there are no data: Q takes one mode and drops the other, which costs at most
log 2 for modes of equal weight.
"""

import torch
from torch import Tensor

from saddle.theory.gaussian_mixture import GaussianMixture


def covering(target: GaussianMixture) -> GaussianMixture:
    """argmin over Gaussians Q of KL(P || Q), P on the line: that with the mean and the variance of P."""
    mean = target.weights @ target.means[:, 0]  # []
    variance = target.weights @ (target.deviations.square() + (target.means[:, 0] - mean).square())  # []
    return gaussian(mean, variance.sqrt())


def seeking(target: GaussianMixture, start: GaussianMixture, steps: int) -> GaussianMixture:
    """A local argmin over Gaussians Q of KL(Q || P), P on the line, by L-BFGS from the Gaussian `start`.

    E_Q is taken at x = mean + deviation e over evenly spaced e in [-10, 10].
    """
    e = torch.linspace(-10, 10, 801, dtype=torch.float64)
    weights = (-e.square() / 2).softmax(0)
    free = [start.means[0, 0].clone().requires_grad_(), start.deviations[0].log().requires_grad_()]
    optimizer = torch.optim.LBFGS(
        free, max_iter=steps, tolerance_grad=1e-12, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        mean, log_deviation = free
        cross = weights @ target.log_prob((mean + log_deviation.exp() * e)[:, None])
        divergence = -log_deviation - cross  # KL(Q || P) up to a constant
        divergence.backward()
        return divergence

    optimizer.step(loss)
    mean, log_deviation = (each.detach() for each in free)
    return gaussian(mean, log_deviation.exp())


def gaussian(mean: Tensor, deviation: Tensor) -> GaussianMixture:
    """N(mean, deviation^2) on the line, both []."""
    return GaussianMixture(means=mean.view(1, 1), deviations=deviation.view(1), weights=torch.ones(1))
