"""Batch normalisation with a gain and a bias for each class."""

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.base import Conditional, required


class ConditionalBatchNorm(Conditional):
    """gain[y] (x - mean) / std + bias[y] for maps x [batch, channels, height, width] and labels y [batch].

    The statistics are those of the whole batch, whatever its labels; only what follows depends on the class (Dumoulin,
    Shlens and Kudlur 2017; de Vries et al. 2017, who add the class's part to a shared gain and bias; for generators
    Miyato and Koyama 2018). Gains start at 1 and biases at 0: at first the class does not matter.

    Args:
        channels: of the maps.
        classes: how many there are.
    """

    def __init__(self, *, channels: PositiveInt, classes: PositiveInt) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Parameter(torch.ones(classes, channels))
        self.bias = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        y = required(labels)
        normalised = self.norm(x)
        gain, bias = (table[y].to(normalised.dtype)[:, :, None, None] for table in (self.gain, self.bias))
        return normalised * gain + bias  # [batch, channels, height, width]
