r"""Maximum likelihood is minimum KL (S13; lecture II.1).

$$\arg\max_\theta E_{P_{data}} \log p_\theta(x) = \arg\min_\theta KL(P_{data} || P_\theta), \quad
  E_{P_{data}} \log p_\theta + KL(P_{data} || P_\theta) = -H(P_{data})$$

The difference is the entropy, which no theta changes. For m samples the mean log-likelihood is an estimate of the first
expectation, its argmax one of the argmin: with an error that falls as 1 / sqrt(m) (White 1982, also where no theta
expresses P_data). The second notes write an integral where the product over samples stands; it is a product.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

LogDensity = Callable[[Tensor, Tensor], Tensor]
"""theta and x of shapes that broadcast to log p_theta(x) in nats, of the shape of both, float64."""


def mean_log_likelihood(log_density: LogDensity, theta: Tensor, points: Tensor, weights: Tensor) -> Tensor:
    """E log p_theta(x) [...] in nats at theta [...].

    Args:
        log_density: the log density of the family.
        theta: the parameter of the family.
        points: x [points]: nodes of a quadrature for a population, or the samples.
        weights: [points] or [..., points], of sum 1: density times quadrature weight, or 1 / m each.
    """
    return (weights * log_density(theta[..., None], points)).sum(-1)


def kl_from(log_density: LogDensity, theta: Tensor, points: Tensor, weights: Tensor, log_data: Tensor) -> Tensor:
    """KL(P_data || P_theta) [...] in nats at theta [...]; log_data [points] is log p_data at the points."""
    return (weights * (log_data - log_density(theta[..., None], points))).sum(-1)


def entropy(weights: Tensor, log_data: Tensor) -> Tensor:
    """H(P_data) = -E log p_data [] in nats; negative for a narrow density."""
    return -(weights * log_data).sum(-1)


def argmax(objective: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tensor:
    """The theta [...] at which an objective, elementwise from [...] to [...], is largest: Newton's method from `start`.

    Raises:
        ValueError: it does not end in a maximum; start closer to one.
    """
    theta = start.detach()
    for _ in range(steps):
        first, second = derivatives(objective, theta)
        theta = theta - first / second
    first, second = derivatives(objective, theta)
    if not (first.abs() < 1e-9).all() or not (second < 0).all():
        raise ValueError(
            f"Newton's method ended with slopes up to {first.abs().max().item():.3g} and curvatures up to "
            f"{second.max().item():.3g}, which is no maximum: start closer to one"
        )
    return theta


def derivatives(objective: Callable[[Tensor], Tensor], theta: Tensor) -> tuple[Tensor, Tensor]:
    """First and second derivative [...] of an objective that is elementwise from theta [...] to [...]."""
    theta = theta.detach().requires_grad_()
    (first,) = torch.autograd.grad(objective(theta).sum(), theta, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), theta)
    return first.detach(), second


def sandwich_deviation(log_density: LogDensity, theta: float, points: Tensor, weights: Tensor) -> float:
    r"""sqrt(E s^2) / |E s'|, s = d/dtheta log p_theta(x): sqrt(m) times the argmax's deviation for m samples.

    White (1982, theorem 3.2). Where the family holds P_data it is 1 / sqrt(Fisher information). Points [points] and
    weights [points] are those of the population, theta its argmax.
    """
    each = torch.full_like(points, theta)
    score, curvature = derivatives(lambda at: log_density(at, points), each)
    return ((weights * score.square()).sum().sqrt() / (weights * curvature).sum().abs()).item()


def two_modes(theta: Tensor, x: Tensor) -> Tensor:
    """log density of N(-theta, 1) / 2 + N(theta, 1) / 2 at x; shapes broadcast."""
    exponents = torch.stack([x - theta, x + theta]).square() / -2
    return torch.logsumexp(exponents, dim=0) - math.log(8 * math.pi) / 2
