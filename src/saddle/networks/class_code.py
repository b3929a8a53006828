"""The class as a part of the code, for generators without a normalisation that could carry it."""

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.base import Conditional, required


class ClassCode(Conditional):
    """Codes z [batch, code_size] to (z, embed(y)) [batch, 2 code_size] (Mirza and Osindero 2014).

    The embedding of a class is learned and starts as a draw from N(0, I), so that it weighs as much as the code.

    Args:
        code_size: of a code, and of the embedding of a class.
        classes: how many there are.
    """

    def __init__(self, *, code_size: PositiveInt, classes: PositiveInt) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, code_size)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.cat([x, self.embedding(required(labels)).to(x.dtype)], dim=1)
