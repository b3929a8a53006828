"""The optimal discriminator between two distributions with known probabilities (lecture II.2).

p and q are probabilities of points [points], or densities' weights on the nodes of a quadrature.
"""

import torch
from torch import Tensor

from saddle.theory.value import value

STEPS = 200
FURTHEST = 1.0
"""Largest step of Newton's method in a logit."""
TIGHT = 1e-13
"""Sum of the absolute slopes of V at which Newton's method stops."""


def log_ratio(p: Tensor, q: Tensor) -> Tensor:
    """D* = log(p / q) [points]: the optimum of the minimax game; infinite where one is 0, and 0 where both are."""
    return torch.where((p == 0) & (q == 0), 0.0, p.double().log() - q.double().log())


def best_logits(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """max_D V over one free logit for each point, without the closed form: logits [points] and V [].

    V is concave in each logit, with slope p s(-v) - q s(v) and curvature (p + q) s(v) s(-v); Newton's method with
    bounded steps starts at v = 0. Where p or q is 0 the logit grows until its slope vanishes.

    Raises:
        ValueError: p and q are not both [points].
    """
    if p.dim() != 1 or p.shape != q.shape:
        raise ValueError(f"p and q have to be [points], not {list(p.shape)} and {list(q.shape)}")
    p, q = p.double(), q.double()
    logits = torch.zeros_like(p)
    both = torch.where(p + q > 0, p + q, 1.0)
    of_p, of_q = p / both, q / both  # shares of each point, so that the smallest probabilities keep their digits
    for _ in range(STEPS):
        real, fake = logits.sigmoid(), (-logits).sigmoid()
        slope = p * fake - q * real
        if slope.abs().sum() < TIGHT:
            break
        logits = logits + (of_p / real - of_q / fake).clamp(-FURTHEST, FURTHEST)  # slope over curvature
    return logits, value(logits, p, q)


def distance(logits: Tensor, optimum: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """How far D is from D* in probability, [] in [0, 1]: sqrt(E (s(D) - s(D*))^2) under (p + q) / 2."""
    gap = logits.double().sigmoid() - optimum.double().sigmoid()
    return ((p + q) / 2 * gap.square()).sum(-1).sqrt()
