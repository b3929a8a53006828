"""Divergences of discrete distributions, as sums.

All take probabilities p, q [..., points], each summing to 1 over its last dimension up to the rounding of float32, by
which they are divided, and give float64 [...] in nats (total variation, chi-squared, Hellinger and the triangular
divergence are pure numbers), up to rounding: the KL of almost equal p and q may be -1e-16. Terms with p = q = 0 count
as 0; where q = 0 < p the KL and the chi-squared divergence are inf. Gradients flow where the probabilities are above
0, and not through their sums.

Raises:
    ValueError: p and q differ in shape, or one of them does not sum to 1 (within 1e-6).
"""

from collections.abc import Callable

import torch
from torch import Tensor, xlogy

Divergence = Callable[[Tensor, Tensor], Tensor]


def kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || q) = sum p log(p / q)  (Kullback and Leibler 1951)."""
    p, q = _pair(p, q)
    return _kl(p, q)


def reverse_kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(q || p) = sum q log(q / p)."""
    return kl(q, p)


def jsd(p: Tensor, q: Tensor) -> Tensor:
    """JSD(p || q) = (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2, in [0, log 2]  (Lin 1991)."""
    p, q = _pair(p, q)
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def to_mixture(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || (p + q) / 2), in [0, log 2]."""
    p, q = _pair(p, q)
    return _kl(p, (p + q) / 2)


def total_variation(p: Tensor, q: Tensor) -> Tensor:
    """sum |p - q| / 2, in [0, 1]."""
    p, q = _pair(p, q)
    return (p - q).abs().sum(-1) / 2


def triangular(p: Tensor, q: Tensor) -> Tensor:
    """Delta = sum (p - q)^2 / (p + q), in [0, 2]  (Topsoe 2000)."""
    p, q = _pair(p, q)
    return _ratio((p - q).square(), p + q).sum(-1)


def chi_squared(p: Tensor, q: Tensor) -> Tensor:
    """Pearson's sum (p - q)^2 / q, in [0, inf]."""
    p, q = _pair(p, q)
    return _ratio((p - q).square(), q).sum(-1)


def squared_hellinger(p: Tensor, q: Tensor) -> Tensor:
    """sum (sqrt p - sqrt q)^2, in [0, 2]; without the factor 1/2 of some authors."""
    p, q = _pair(p, q)
    return (p.sqrt() - q.sqrt()).square().sum(-1)


def of_function(f: Callable[[Tensor], Tensor]) -> Divergence:
    """sum q f(p / q) for f on (0, inf) and q > 0  (Csiszar 1963)."""
    return lambda p, q: (q * f(p / q)).sum(-1)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (xlogy(p, p) - xlogy(p, q)).sum(-1)


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    """above / below elementwise with 0 / 0 = 0, also in the gradient."""
    nothing = (below == 0) & (above == 0)
    return torch.where(nothing, 0.0, above / torch.where(nothing, 1.0, below))


def _pair(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    if p.shape != q.shape or p.dim() == 0:
        raise ValueError(f"both distributions have to be [..., points], not {list(p.shape)} and {list(q.shape)}")
    return _of_sum_one(p), _of_sum_one(q)


def _of_sum_one(p: Tensor) -> Tensor:
    total = p.detach().double().sum(-1, keepdim=True)
    if not (p >= 0).all() or not ((total - 1).abs() < 1e-6).all():
        raise ValueError(
            f"probabilities have to be at least 0 and sum to 1 over the points, not to {total.squeeze(-1).tolist()}"
        )
    return p.double() / total
