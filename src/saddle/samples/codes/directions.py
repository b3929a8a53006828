"""Directions in the latent code, ordered by how much they change x."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

STEP = 0.01
"""Step of the difference quotients: small against the code's deviation, large against rounding in float32."""


@dataclass(frozen=True)
class Directions:
    """Unit vectors in the code, ordered by how much they change x, largest first.

    Attributes:
        vectors: [code_size, code_size], one in each row, orthonormal.
        change: root mean square of dx / ds over codes and over the numbers of x, s the coordinate, [code_size].
        share: share in the mean squared change of x if the code changes equally in all dimensions, [code_size].
    """

    vectors: Tensor
    change: Tensor
    share: Tensor


def mean_metric(
    decode: Callable[[Tensor, Tensor | None], Tensor], codes: Tensor, labels: Tensor | None, step: float = STEP
) -> Tensor:
    """M = E_z [J(z)^T J(z)], J = dG/dz [numbers of x, code_size]: v^T M v is the mean of |dG/ds|^2 along v.

    M is the pull-back of the Euclidean metric of x to the code, averaged over codes. J is computed by central
    differences, (G(z + h e_j) - G(z - h e_j)) / 2h, which are exact for a linear G and need only `decode`.

    Args:
        decode: map from codes [n, code_size] and labels [n] to x [n, *shape].
        codes: codes over which the mean is taken, [count, code_size].
        labels: labels of the codes, [count]; None without classes.
        step: step h.

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

    Ramesh et al. take the right singular vectors of J at one code, which are the eigenvectors of J^T J at this code.
    Wang and Ponce find that these hardly depend on the code; they take those of the mean, as this function does. For a
    linear G = A z + b they are the right singular vectors of A, and v^T M v the squared singular values. (GANSpace,
    Harkonen et al. 2020, takes the principal components of an early layer's activations instead. Without a mapping
    network these need a regression to obtain codes, and they describe one layer only.)

    The sign of an eigenvector is chosen so that its largest component is positive.

    Args:
        metric: M [code_size, code_size].
        numbers: number of values in x.
    """
    values, columns = torch.linalg.eigh(metric)
    values, vectors = values.flip(0).clamp(min=0), columns.T.flip(0)  # [code_size], [code_size, code_size]
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return Directions(vectors * largest.sign(), (values / numbers).sqrt(), values / values.sum())


def single(metric: Tensor, numbers: int) -> Directions:
    """The single dimensions of the code, ordered like `principal`, whose arguments it takes."""
    values = metric.diagonal()
    order = values.argsort(descending=True, stable=True)
    vectors = torch.eye(len(values), dtype=metric.dtype)[order]
    return Directions(vectors, (values[order] / numbers).sqrt(), values[order] / values.sum())


def traversed(codes: Tensor, direction: Tensor, coordinates: Tensor) -> Tensor:
    """The codes with their coordinate along a unit vector v set to each value p in turn, z + (p - v^T z) v.

    Args:
        codes: codes [count, code_size].
        direction: unit vector v [code_size].
        coordinates: values p in units of the code, [coordinates].

    Returns:
        [count, coordinates, code_size].
    """
    v = direction.to(codes)
    moves = coordinates.to(codes) - (codes @ v)[:, None]  # [count, coordinates]
    return codes[:, None] + moves[..., None] * v


def coordinates_along(codes: Tensor, direction: Tensor, count: int, within: float) -> Tensor:
    """`count` equally spaced coordinates along a unit vector, over the middle share `within` of the prior: [count].

    Their range is given by quantiles of codes, so that the model was trained on this range for any prior. A code of a
    uniform prior that is near a face of its box may still leave the box.

    Args:
        codes: many codes from the prior, [codes, code_size].
        direction: unit vector [code_size].
        count: number of coordinates.
        within: share of the codes; 0.98 means from the 1st to the 99th percentile, +-2.33 for a normal prior.
    """
    coordinates = codes.double().cpu() @ direction.double()
    low, high = torch.quantile(coordinates, torch.tensor([(1 - within) / 2, (1 + within) / 2], dtype=torch.float64))
    return torch.linspace(float(low), float(high), count, dtype=torch.float64)
