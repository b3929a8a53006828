"""The interface of all networks: a generator maps codes to x, a discriminator maps x to outputs [batch, outputs].

A conditional network also takes `labels`, int64 [batch] in 0..classes - 1: generator(codes, labels),
discriminator(x, labels). A network is conditional if it is built with a number of `classes`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import log2
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from saddle.noise import generator

Network = TypeVar("Network", bound=nn.Module)
Resolution = Literal[8, 16, 32, 64, 128, 256]


class Conditional(nn.Module, ABC):
    """A layer that also takes the labels of its samples."""

    @abstractmethod
    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """x [batch, ...] and labels [batch] to an output."""


class Stack(nn.Sequential, Conditional):
    """`nn.Sequential` that passes the labels to those of its layers that are `Conditional`."""

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        for layer in self:
            x = layer(x, labels) if isinstance(layer, Conditional) else layer(x)
        return x


def required(labels: Tensor | None) -> Tensor:
    """The labels, which a conditional network requires.

    Raises:
        ValueError: there are none.
    """
    if labels is None:
        raise ValueError("this network is conditional: give it labels, int64 [batch], as its second argument")
    return labels


def doubling_widths(resolution: int, smallest: int, width: int, widest: int) -> list[int]:
    """Channels at each resolution from the image to `smallest`: doubled with every halving, up to `widest`."""
    return [min(width * 2**i, widest) for i in range(int(log2(resolution // smallest)) + 1)]


def couples_samples(network: nn.Module) -> bool:
    """Whether an output depends on the other samples of its batch, which is the case with batch normalisation.

    Reals and fakes then need separate forwards: one forward over both would mix their statistics, which is another
    game.
    """
    return any(isinstance(module, _BatchNorm) for module in network.modules())


def initialised(make: Callable[[], Network], seed: int, part: str) -> Network:
    """`make()` with initial weights that are a function of (seed, part); torch's own generators do not change.

    Every part has its own stream: the generator's initial weights do not depend on the discriminator.
    """
    with torch.random.fork_rng():
        torch.manual_seed(int(generator(seed, "weights", part).integers(2**32)))
        return make()
