"""Layers one after the other, some of which want the labels."""

from torch import Tensor, nn

from saddle.networks.base import Conditional


class Stack(nn.Sequential, Conditional):
    """`nn.Sequential` that hands the labels on to those of its layers that are `Conditional`."""

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        for layer in self:
            x = layer(x, labels) if isinstance(layer, Conditional) else layer(x)
        return x
