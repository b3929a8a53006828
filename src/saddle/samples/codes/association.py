"""Association between coordinates of the latent code and known factors of the image."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Readings = Mapping[str, Tensor]
"""Factor -> its value in each image, [count]: float for a number, int64 for a category."""


@dataclass(frozen=True)
class FactorDirection:
    """The direction of the code with the strongest association with a factor.

    Attributes:
        direction: unit vector [code_size].
        association: association of the factor with the coordinate along it, the largest of all directions.
    """

    direction: Tensor
    association: float


def association(coordinates: Tensor, reading: Tensor) -> Tensor:
    """Association of each coordinate with a factor, [directions] in [-1, 1] for numbers, in [0, 1] for categories.

    For a number it is Pearson's correlation r. For codes of N(0, I), r sd(f) is also the mean slope E[df / ds] along
    the direction (Stein 1981), so r misses a factor that first rises and then falls. For a category it is the
    correlation ratio (Pearson 1905), the share of the coordinate's deviation between the categories,

        eta^2 = sum_c n_c (mean_c - mean)^2 / sum_i (x_i - mean)^2.

    By chance alone eta^2 is about (categories - 1) / count, and r^2 about 1 / count. It is 0 if nothing varies.

    Args:
        coordinates: coordinates v^T z of each code, [count, directions].
        reading: value of the factor in the image of each code, [count].
    """
    x = coordinates.double() - coordinates.double().mean(0)
    columns = _columns(reading)  # [count, rank], orthonormal
    along = x.T @ columns  # [directions, rank]
    length = x.norm(dim=0).clamp(min=torch.finfo(torch.float64).tiny)
    if reading.is_floating_point():
        return (along.sum(1) / length).clamp(-1, 1)  # one column, or none where nothing varies
    return (along.norm(dim=1) / length).clamp(max=1)


def factor_direction(codes: Tensor, reading: Tensor) -> FactorDirection:
    """The direction with the strongest association with a factor (first canonical correlation, Hotelling 1936).

        max over v, w of corr(v^T z, w^T y),    y the factor, or the indicators of its categories.

    For a number this is the least-squares regression of the factor on the code, and the association its multiple
    correlation R; for a category it is the largest correlation ratio of any direction. Chance alone gives about
    sqrt((code_size + categories) / count). A factor that is a number increases along the direction.

    Args:
        codes: codes [count, code_size].
        reading: value of the factor for each code, [count].
    """
    z = codes.double() - codes.double().mean(0)
    basis, sizes, back = torch.linalg.svd(z, full_matrices=False)  # basis: [count, code_size], orthonormal
    nonzero = sizes > sizes.max() * 1e-9
    columns = _columns(reading)  # [count, rank]
    if not columns.shape[1] or not nonzero.any():
        return FactorDirection(torch.eye(codes.shape[1], dtype=torch.float64)[0], 0.0)
    left, strength, right = torch.linalg.svd(basis[:, nonzero].T @ columns, full_matrices=False)
    weights = back[nonzero].T @ (left[:, 0] / sizes[nonzero])  # [code_size]
    sign = right[0].sum().sign() if reading.is_floating_point() else weights[weights.abs().argmax()].sign()
    return FactorDirection(sign * weights / weights.norm(), float(strength[0].clamp(max=1)))


def _columns(reading: Tensor) -> Tensor:
    """An orthonormal basis of the functions of a factor without constants: float64 [count, rank]."""
    if reading.is_floating_point():
        y = reading.double() - reading.double().mean()
        return y[:, None] / y.norm() if y.any() else y[:, None][:, :0]
    y = torch.nn.functional.one_hot(reading).double()
    basis, sizes, _ = torch.linalg.svd(y - y.mean(0), full_matrices=False)
    return basis[:, sizes > 1e-9 * len(y) ** 0.5]
