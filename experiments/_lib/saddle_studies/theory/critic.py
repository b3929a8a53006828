"""A small discriminator for the line and the plane."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from saddle.noise import noise


class Critic(nn.Module):
    """x [..., size] to logits [...] in float64, by two hidden layers of tanh, initialised as a function of the seed.

    Args:
        size: size of one point.
        width: number of units of each hidden layer.
        seed: seed of the parameters: N(0, 1 / inputs) for weights, N(0, 1) for the offsets of the hidden units.
    """

    def __init__(self, *, size: int, width: int, seed: int) -> None:
        super().__init__()
        sizes = [size, width, width, 1]
        for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
            drawn = noise(seed, "critic", layer, range(outputs), (inputs + 1,)).double()  # [outputs, inputs + 1]
            last = 0.0 if outputs == 1 else 1.0
            setattr(self, f"weight_{layer}", nn.Parameter(drawn[:, :-1] / math.sqrt(inputs)))
            setattr(self, f"bias_{layer}", nn.Parameter(last * drawn[:, -1]))

    def forward(self, x: Tensor) -> Tensor:
        hidden = x.double()
        for layer in range(2):
            hidden = torch.tanh(self._linear(layer, hidden))
        return self._linear(2, hidden)[..., 0]

    def _linear(self, layer: int, x: Tensor) -> Tensor:
        return x @ self.get_parameter(f"weight_{layer}").T + self.get_parameter(f"bias_{layer}")
