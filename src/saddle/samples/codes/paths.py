"""Paths from one code to another."""

import torch
from torch import Tensor

PARALLEL = 1e-7
"""Sine of the angle below which two directions count as one, or as opposite."""


def linear(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """(1 - t) a + t b, for codes a, b [..., code_size] and t [..., 1] or a number: [..., code_size].

    Under a normal prior its middle is nearer to 0 than almost any code: |a + b| / 2 is about |a| / sqrt 2.
    """
    return (1 - t) * a + t * b


def spherical(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """The direction on the great circle from a to b, the norm between theirs (Shoemake 1985, White 2016).

        ((1 - t) |a| + t |b|) (cos(t w) u + sin(t w) v),    u = a / |a|,    w the angle between a and b,

    and v the unit vector orthogonal to u in the plane of a and b. Two codes of a norm r keep it all the way, as almost
    all codes of a normal prior have a norm near sqrt(code_size). This equals (sin((1 - t) w) a + sin(t w) b) / sin w
    where |a| = |b|; otherwise that formula, White's, leaves the range between the two norms.

    Where the angle does not say which circle is meant: parallel codes are joined by a straight line, a code 0 has no
    direction and takes the other's, opposite codes are joined through the axis that is most nearly orthogonal to them
    (in one dimension, where there is none, through 0).

    Args:
        a, b: codes [..., code_size].
        t: [..., 1] or a number, from 0 at a to 1 at b.

    Returns:
        [..., code_size] in the precision of a, computed in float64.
    """
    first, second = a.double(), b.double()
    norms = [code.norm(dim=-1, keepdim=True) for code in (first, second)]  # [..., 1] each
    u, towards = (code / norm for code, norm in zip((first, second), norms, strict=True))
    u, towards = torch.where(norms[0] > 0, u, towards), torch.where(norms[1] > 0, towards, u)
    cosine = (u * towards).sum(-1, keepdim=True)
    across = towards - cosine * u  # [..., code_size], orthogonal to u
    sine = across.norm(dim=-1, keepdim=True)
    v = torch.where(sine > PARALLEL, across / sine, _orthogonal(u))
    angle = t * torch.atan2(sine, cosine)
    path = ((1 - t) * norms[0] + t * norms[1]) * (angle.cos() * u + angle.sin() * v)
    return path.nan_to_num(0.0).to(a.dtype)  # both codes 0: the path stays there


def _orthogonal(u: Tensor) -> Tensor:
    """The axis along which unit vectors u [..., code_size] have least, made orthogonal to them and of length 1."""
    axis = torch.nn.functional.one_hot(u.abs().argmin(dim=-1), u.shape[-1]).to(u.dtype)
    v = axis - (axis * u).sum(-1, keepdim=True) * u
    return (v / v.norm(dim=-1, keepdim=True)).nan_to_num(0.0)
