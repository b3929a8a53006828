"""Fully connected networks for x of any shape."""

from itertools import pairwise
from math import prod

from pydantic import PositiveInt
from torch import Tensor, nn


class MLPGenerator(nn.Module):
    """Codes [batch, code_size] to x [batch, *shape] through `depth` hidden layers of `width` units with ReLU.

    `bounded` ends in tanh, for x in [-1, 1] such as images; without it x may lie anywhere.
    """

    def __init__(
        self, *, shape: list[PositiveInt], code_size: PositiveInt, width: PositiveInt, depth: PositiveInt, bounded: bool
    ) -> None:
        super().__init__()
        self.body = _body(code_size, width, depth, nn.ReLU())
        self.out = nn.Linear(width, prod(shape))
        self.bound = nn.Tanh() if bounded else nn.Identity()
        self.unflatten = nn.Unflatten(1, tuple(shape))

    def forward(self, codes: Tensor) -> Tensor:
        return self.unflatten(self.bound(self.out(self.body(codes))))  # [batch, *shape]


class MLPDiscriminator(nn.Module):
    """x [batch, *shape] to outputs [batch, outputs] through `depth` hidden layers of `width` LeakyReLU(0.2) units."""

    def __init__(
        self, *, shape: list[PositiveInt], width: PositiveInt, depth: PositiveInt, outputs: PositiveInt
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), _body(prod(shape), width, depth, nn.LeakyReLU(0.2)))
        self.out = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.body(x))  # [batch, outputs]


def _body(inputs: int, width: int, depth: int, activation: nn.Module) -> nn.Sequential:
    sizes = [inputs] + [width] * depth
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), activation)]
    return nn.Sequential(*layers)
