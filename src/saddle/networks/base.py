"""What holds for all networks: a generator maps codes to x, a discriminator maps x to outputs [batch, outputs].

A conditional network takes `labels` besides, int64 [batch] in 0..classes - 1: generator(codes, labels),
discriminator(x, labels). A network is conditional if it was built with a number of `classes`.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Conditional(nn.Module, ABC):
    """A part of a network that wants to know the classes of its samples, too."""

    @abstractmethod
    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """x [batch, ...] and labels [batch] to an output."""


def required(labels: Tensor | None) -> Tensor:
    """The labels, which a conditional network cannot do without.

    Raises:
        ValueError: there are none.
    """
    if labels is None:
        raise ValueError("this network is conditional: give it labels, int64 [batch], beside its first argument")
    return labels


def couples_samples(network: nn.Module) -> bool:
    """Whether an output depends on the other samples of its batch: true as soon as there is a batch normalisation.

    Real and fake then go through in forwards of their own, because one forward over both mixes their statistics, which
    is another game.
    """
    return any(isinstance(module, _BatchNorm) for module in network.modules())
