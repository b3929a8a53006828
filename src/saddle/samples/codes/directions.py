"""Directions in the code, ordered by how much they change x."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

STEP = 0.01
"""Of the difference quotients, in units of the code: small against its deviation, large against rounding in float32."""


@dataclass(frozen=True)
class Directions:
    """Unit vectors in the code, those that change x most first.

    Attributes:
        vectors: [code_size, code_size], one in each row, orthonormal.
        change: [code_size], root mean square over codes and over the numbers of x of dx / ds, s the way along it.
        share: [code_size], of the mean squared change of x under a code that changes equally in all dimensions.
    """

    vectors: Tensor
    change: Tensor
    share: Tensor


def mean_metric(
    decode: Callable[[Tensor, Tensor | None], Tensor], codes: Tensor, labels: Tensor | None, step: float = STEP
) -> Tensor:
    """M = E_z [J(z)^T J(z)], J = dG/dz [numbers of x, code_size]: v^T M v is the mean of |dG/ds|^2 along v.

    The pull-back of the Euclidean metric of x to the code, averaged over codes. J by central differences,
    (G(z + h e_j) - G(z - h e_j)) / 2h, which are exact for a linear G and ask nothing of a model but `decode`.

    Args:
        decode: codes [n, code_size] and labels [n] to x [n, *shape].
        codes: over which the mean is taken, [count, code_size].
        labels: theirs, [count]; None without classes.
        step: h.

    Returns:
        Symmetric float64 [code_size, code_size].
    """
    size = codes.shape[1]
    moves = step * torch.eye(size, dtype=codes.dtype, device=codes.device)
    total = torch.zeros(size, size, dtype=torch.float64)
    for number, code in enumerate(codes):
        label = None if labels is None else labels[number].expand(2 * size)
        x = decode(torch.cat([code + moves, code - moves]), label).flatten(1)  # [2 code_size, numbers of x]
        slopes = (x[:size] - x[size:]) / (2 * step)  # J^T
        total += (slopes @ slopes.T).double().cpu()
    return total / len(codes)


def principal(metric: Tensor, numbers: int) -> Directions:
    """The eigenvectors of M, largest eigenvalue first (Ramesh et al. 2018, Wang and Ponce 2021).

    Ramesh et al. take the right singular vectors of J at one code, which are the eigenvectors of J^T J there; Wang and
    Ponce find that these hardly depend on the code and take those of the mean, as here: directions that mean the same
    everywhere. For a linear G = A z + b they are the right singular vectors of A, and v^T M v the squared singular
    values. (GANSpace, Harkonen et al. 2020, takes the principal components of an early layer's activations instead; in
    a network without a mapping network these need a regression to come back to codes, and know of one layer only.)

    An eigenvector has no sign: its largest component is made positive.

    Args:
        metric: M [code_size, code_size].
        numbers: how many numbers x has.
    """
    values, columns = torch.linalg.eigh(metric)
    values, vectors = values.flip(0).clamp(min=0), columns.T.flip(0)  # [code_size], [code_size, code_size]
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return Directions(vectors * largest.sign(), (values / numbers).sqrt(), values / values.sum())


def single(metric: Tensor, numbers: int) -> Directions:
    """The dimensions themselves, in the same way: those that change x most first; M as for `principal`."""
    values = metric.diagonal()
    order = values.argsort(descending=True, stable=True)
    vectors = torch.eye(len(values), dtype=metric.dtype)[order]
    return Directions(vectors, (values[order] / numbers).sqrt(), values[order] / values.sum())


def traversed(codes: Tensor, direction: Tensor, places: Tensor) -> Tensor:
    """The codes with their coordinate along a unit vector v put to each place p in turn, z + (p - v^T z) v.

    Args:
        codes: [count, code_size].
        direction: v [code_size].
        places: [places], in units of the code.

    Returns:
        [count, places, code_size].
    """
    v = direction.to(codes)
    moves = places.to(codes) - (codes @ v)[:, None]  # [count, places]
    return codes[:, None] + moves[..., None] * v


def places_along(codes: Tensor, direction: Tensor, count: int, within: float) -> Tensor:
    """`count` equally spaced places along a unit vector, over the middle share `within` of the prior's codes: [count].

    They are the codes' own quantiles, so that no place lies where the model never was, whatever its prior. A code of a
    uniform prior that stands near a wall of its box may still leave it, by a part of the width of the way.

    Args:
        codes: many, from the prior, [codes, code_size].
        direction: [code_size].
        count: of places.
        within: for instance 0.98, from the 1st to the 99th percentile: +-2.33 for a normal prior.
    """
    coordinates = codes.double().cpu() @ direction.double()
    low, high = torch.quantile(coordinates, torch.tensor([(1 - within) / 2, (1 + within) / 2], dtype=torch.float64))
    return torch.linspace(float(low), float(high), count, dtype=torch.float64)
