"""Paths between two codes."""

import torch
from torch import Tensor

PARALLEL = 1e-7
"""Sine of the angle below which two directions count as one, or as opposite."""


def linear(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """(1 - t) a + t b, for codes a, b [..., code_size] and t [..., 1] or a number: [..., code_size].

    Under a normal prior the middle of the path is nearer to 0 than almost any code: |a + b| / 2 is about |a| / sqrt 2.
    """
    return (1 - t) * a + t * b


def spherical(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """Spherical interpolation of the direction from a to b, linear of the norm (Shoemake 1985, White 2016).

        ((1 - t) |a| + t |b|) (cos(t w) u + sin(t w) v),    u = a / |a|,    w the angle between a and b,

    and v the unit vector orthogonal to u in the plane of a and b. Between two codes of norm r all codes have norm r;
    almost all codes of a normal prior have a norm near sqrt(code_size). If |a| = |b|, the path is White's formula
    (sin((1 - t) w) a + sin(t w) b) / sin w, which otherwise leaves the range between the two norms.

    Special cases: parallel codes are joined by a straight line, a code 0 takes the direction of the other code, and
    opposite codes are joined through the axis that is most nearly orthogonal to them (in one dimension through 0).

    Args:
        a, b: codes [..., code_size].
        t: position on the path, [..., 1] or a number, from 0 at a to 1 at b.

    Returns:
        [..., code_size] in the precision of a, computed in float64.
    """
    first, second = a.double(), b.double()
    norms = [code.norm(dim=-1, keepdim=True) for code in (first, second)]  # [..., 1] each
    u, target = (code / norm for code, norm in zip((first, second), norms, strict=True))
    u, target = torch.where(norms[0] > 0, u, target), torch.where(norms[1] > 0, target, u)
    cosine = (u * target).sum(-1, keepdim=True)
    across = target - cosine * u  # [..., code_size], orthogonal to u
    sine = across.norm(dim=-1, keepdim=True)
    v = torch.where(sine > PARALLEL, across / sine, _orthogonal(u))
    angle = t * torch.atan2(sine, cosine)
    path = ((1 - t) * norms[0] + t * norms[1]) * (angle.cos() * u + angle.sin() * v)
    return path.nan_to_num(0.0).to(a.dtype)  # both codes 0: the path stays there


def _orthogonal(u: Tensor) -> Tensor:
    """Unit vectors orthogonal to unit vectors u [..., code_size], in the plane of u and its smallest axis."""
    axis = torch.nn.functional.one_hot(u.abs().argmin(dim=-1), u.shape[-1]).to(u.dtype)
    v = axis - (axis * u).sum(-1, keepdim=True) * u
    return (v / v.norm(dim=-1, keepdim=True)).nan_to_num(0.0)
