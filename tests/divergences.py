"""Exact divergences of discrete distributions p, q [..., points]; terms with p = 0 count as 0."""

from collections.abc import Callable

import torch
from torch import Tensor, xlogy

Divergence = Callable[[Tensor, Tensor], Tensor]


def kl(p: Tensor, q: Tensor) -> Tensor:
    """sum p log(p / q)."""
    return (xlogy(p, p) - xlogy(p, q)).sum(-1)


def jsd(p: Tensor, q: Tensor) -> Tensor:
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def total_variation(p: Tensor, q: Tensor) -> Tensor:
    return (p - q).abs().sum(-1) / 2


def triangular(p: Tensor, q: Tensor) -> Tensor:
    """Delta = sum (p - q)^2 / (p + q), in [0, 2]."""
    return ((p - q).square() / (p + q)).sum(-1)


def pearson(p: Tensor, q: Tensor) -> Tensor:
    """sum (p - q)^2 / q."""
    return ((p - q).square() / q).sum(-1)


def squared_hellinger(p: Tensor, q: Tensor) -> Tensor:
    """sum (sqrt p - sqrt q)^2, in [0, 2]."""
    return (p.sqrt() - q.sqrt()).square().sum(-1)


def to_mixture(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || (p + q) / 2)."""
    return kl(p, (p + q) / 2)


def of_function(f: Callable[[Tensor], Tensor]) -> Divergence:
    """sum q f(p / q)."""
    return lambda p, q: (q * f(p / q)).sum(-1)


def counts(pairs: int, points: int, total: int, least: int, seed: int) -> Tensor:
    """Random compositions of `total` into `points` parts of `least` at least: int64 [pairs, points]."""
    draw = torch.Generator().manual_seed(seed)
    weights = torch.rand(pairs, points, generator=draw).square() + 1e-3
    parts = (weights / weights.sum(1, keepdim=True) * (total - least * points)).floor().long() + least
    parts[:, 0] += total - parts.sum(1)
    return parts
