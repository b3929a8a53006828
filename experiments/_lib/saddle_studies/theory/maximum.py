r"""argmin over G of a max over D (S15; lecture II.2).

The lecture picks, among three generators, the one whose max_D V(G, D) is lowest, and descends a maximum of three
discriminators, which it calls a concave function. The facts about f(G) = max_D V(G, D):

- For each D, V(G, D) = E_{P_data} log D + E_{P_G} log(1 - D) is affine in P_G. A maximum of affine functions is convex:
  f is convex in P_G, for any set of discriminators, and over all of them it is -2 log 2 + 2 JSD(P_data || P_G).
- A maximum over a few fixed discriminators is not a divergence: it is below the maximum over all, and its argmin is
  where all of them are fooled, not where P_G = P_data. D has to be optimised again after every step of G.
- In a parameter theta of G it is in general neither convex nor concave. For G = N(theta, 1) and a D whose logit is
  affine, V(theta, D) is even concave in theta, and the maximum has concave branches that meet in convex kinks.
- Where one D alone is best, the gradient of the maximum is that of its branch with D fixed (Danskin 1967). At a kink
  there is none, and each slope between those of the best branches is a subgradient.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from saddle.theory.divergences import jsd

Branches = Callable[[Tensor], Tensor]
"""theta [...] to V(G_theta, D_i) [..., discriminators]."""


def heights(p: Tensor, q: Tensor) -> Tensor:
    """max_D V(G, D) = -2 log 2 + 2 JSD(p || q) in nats; P_data and P_G [..., points] to [...]."""
    return -2 * math.log(2) + 2 * jsd(p, q)


def values(p: Tensor, q: Tensor, logits: Tensor) -> Tensor:
    """V(G, D_i) = sum p log D_i + sum q log(1 - D_i) in nats, D_i = sigma(logits[i]): [..., discriminators].

    Args:
        p: P_data, weights [points].
        q: P_G, weights [..., points].
        logits: [discriminators, points].
    """
    return logsigmoid(logits) @ p + q @ logsigmoid(-logits).mT


def envelope(branches: Branches, theta: Tensor) -> tuple[Tensor, Tensor]:
    """f(theta) = max_i V(G_theta, D_i) and the i that attains it, the first of several: [...] and int64 [...]."""
    return branches(theta).max(-1)


def slopes(branches: Branches, theta: Tensor) -> Tensor:
    """The derivative of every branch at theta []: [discriminators]."""
    theta = theta.detach().requires_grad_()
    at = branches(theta)
    return torch.stack([torch.autograd.grad(one, theta, retain_graph=True)[0] for one in at])


def subgradients(branches: Branches, theta: Tensor, tolerance: float) -> tuple[float, float]:
    """The least and the greatest slope of the branches that attain the maximum at theta [] up to `tolerance`.

    Exactly the values between them are (Clarke's) subgradients of f; f is differentiable where the two are equal. At a
    local minimum 0 is among them.
    """
    at = branches(theta)
    best = slopes(branches, theta)[at >= at.max() - tolerance]
    return best.min().item(), best.max().item()


@dataclass(frozen=True)
class Descent:
    """The path of a descent on an envelope."""

    theta: Tensor
    """float64 [steps + 1]."""
    value: Tensor
    """f(theta), float64 [steps + 1]."""
    active: Tensor
    """The branch that was descended at each step, int64 [steps + 1]."""

    @property
    def best(self) -> float:
        """The theta of the lowest value: at a kink subgradient steps do not descend at every step."""
        return self.theta[self.value.argmin()].item()


def descend(branches: Branches, start: float, rate: float, steps: int) -> Descent:
    r"""theta <- theta - rate / sqrt(t) f'(theta), f' the slope of the best branch (Shor 1985; lecture II.2's loop).

    Steps of constant length would oscillate around a kink for ever, by about rate times the slope.
    """
    theta, path = torch.tensor(start, dtype=torch.float64, requires_grad=True), []
    for t in range(1, steps + 2):
        value, active = envelope(branches, theta)
        path.append((theta.detach(), value.detach(), active))
        (slope,) = torch.autograd.grad(value, theta)  # that of the active branch
        theta = (theta.detach() - rate / math.sqrt(t) * slope).requires_grad_()
    return Descent(*(torch.stack(part) for part in zip(*path, strict=True)))


def gaussians(points: Tensor, means: Tensor, deviation: float) -> Tensor:
    """Weights of N(mean, deviation^2) on evenly spaced points [points], each row of sum 1: [..., points].

    Sums over them are integrals by the trapezoid rule, which converges faster than any power for smooth functions: with
    10 points in a deviation the error is rounding.
    """
    return (-((points - means[..., None]) / deviation).square() / 2).softmax(-1)
