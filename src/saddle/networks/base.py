"""What holds for all networks: a generator maps codes to x, a discriminator maps x to outputs [batch, outputs]."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def couples_samples(network: nn.Module) -> bool:
    """Whether an output depends on the other samples of its batch: true as soon as there is a batch normalisation.

    Real and fake then go through in forwards of their own, because one forward over both mixes their statistics, which
    is another game.
    """
    return any(isinstance(module, _BatchNorm) for module in network.modules())
