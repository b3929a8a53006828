"""Random numbers of several distributions from u, uniform on [-1, 1) in multiples of 2^-23, in any shape."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

Fraction = Annotated[float, Field(ge=0, le=1)]


def shares(u: Tensor) -> Tensor:
    """Uniform on [0, 1): an event of probability p is `shares(u) < p`, never for p = 0 and always for p = 1."""
    return (u + 1) / 2


def whole(u: Tensor, count: int) -> Tensor:
    """0, 1, ..., count - 1 with equal probabilities, as floats."""
    return (count * shares(u)).floor()


def normal(u: Tensor) -> Tensor:
    """N(0, 1) by its inverse distribution function, between two multiples because it is infinite at -1."""
    return 2**0.5 * torch.erfinv(u + 2**-24)


def per_image(number: Tensor) -> Tensor:
    """One number for each image, [n], as [n, 1, 1, 1]."""
    return number.view(-1, 1, 1, 1)
