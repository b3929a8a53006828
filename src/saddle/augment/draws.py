"""Random numbers of other kinds made of numbers u that are uniform on [-1, 1): multiples of 2^-23, in any shape."""

import torch
from torch import Tensor


def shares(u: Tensor) -> Tensor:
    """Uniform on [0, 1): an event of probability p is `shares(u) < p`, never for p = 0 and always for p = 1."""
    return (u + 1) / 2


def whole(u: Tensor, count: int) -> Tensor:
    """0, 1, ..., count - 1, all alike, as floats."""
    return (count * shares(u)).floor()


def normal(u: Tensor) -> Tensor:
    """N(0, 1) by the inverse of its distribution function; between two multiples, as it has no value at -1."""
    return 2**0.5 * torch.erfinv(u + 2**-24)
