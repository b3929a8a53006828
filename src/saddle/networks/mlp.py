"""Fully connected networks for x of any shape."""

from itertools import pairwise
from math import prod

from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.conditional import ClassCode, Projection


class MLPGenerator(nn.Module):
    """Codes [batch, code_size] to x [batch, *shape] through `depth` hidden layers of `width` units with ReLU.

    With `bounded` it ends in tanh, for x in [-1, 1] such as images; otherwise x is unbounded. If there are `classes`,
    the class is a part of the code (`ClassCode`).
    """

    def __init__(
        self,
        *,
        shape: list[PositiveInt],
        code_size: PositiveInt,
        classes: PositiveInt | None,
        width: PositiveInt,
        depth: PositiveInt,
        bounded: bool,
    ) -> None:
        super().__init__()
        self.code = None if classes is None else ClassCode(code_size=code_size, classes=classes)
        self.body = _body(code_size if classes is None else 2 * code_size, width, depth, nn.ReLU())
        self.out = nn.Linear(width, prod(shape))
        self.bound = nn.Tanh() if bounded else nn.Identity()
        self.unflatten = nn.Unflatten(1, tuple(shape))

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.code is not None:
            codes = self.code(codes, labels)  # [batch, 2 code_size]
        return self.unflatten(self.bound(self.out(self.body(codes))))  # [batch, *shape]


class MLPDiscriminator(nn.Module):
    """x [batch, *shape] to outputs [batch, outputs] through `depth` hidden layers of `width` LeakyReLU(0.2) units.

    If there are `classes`, the `Projection` of the last hidden layer is added to the logit.
    """

    def __init__(
        self,
        *,
        shape: list[PositiveInt],
        width: PositiveInt,
        depth: PositiveInt,
        classes: PositiveInt | None,
        outputs: PositiveInt,
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), _body(prod(shape), width, depth, nn.LeakyReLU(0.2)))
        self.out = nn.Linear(width, outputs)
        self.projection = None if classes is None else Projection(features=width, classes=classes, outputs=outputs)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        phi = self.body(x)  # [batch, width]
        outputs = self.out(phi)  # [batch, outputs]
        return outputs if self.projection is None else outputs + self.projection(phi, labels)


def _body(inputs: int, width: int, depth: int, activation: nn.Module) -> nn.Sequential:
    sizes = [inputs] + [width] * depth
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), activation)]
    return nn.Sequential(*layers)
