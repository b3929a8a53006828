"""Normalisations between a convolution and its activation, or of its weights."""

from collections.abc import Callable
from typing import Literal

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from saddle.networks.conditional import ConditionalBatchNorm

Norm = Literal["none", "layer", "spectral", "batch"]
"""Normalisation of a discriminator:

- `none`: a sample's logit depends on that sample alone, as with the next two;
- `layer`: normalisation over each sample separately (Ba et al. 2016);
- `spectral`: every weight, as a matrix [outputs, inputs x height x width], divided by its largest singular value
  (Miyato et al. 2018). A convolution's own norm is at most sqrt(height x width) times that of this matrix, so D is
  Lipschitz, not 1-Lipschitz;
- `batch`: couples the samples of a batch (Ioffe and Szegedy 2015).
"""

_LAYERS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "layer": lambda channels: nn.GroupNorm(1, channels),
    "spectral": lambda channels: nn.Identity(),  # acts on the weights, not on the maps
    "batch": nn.BatchNorm2d,
}


def normalisation(norm: Norm, channels: int) -> nn.Module:
    """The normalisation layer for maps of `channels` channels."""
    return _LAYERS[norm](channels)


def class_normalisation(norm: Norm, channels: int, classes: int | None) -> nn.Module:
    """The layer of a generator: with `classes`, batch normalisation has a gain and a bias for each class."""
    if norm != "batch" or classes is None:
        return normalisation(norm, channels)
    return ConditionalBatchNorm(channels=channels, classes=classes)


def constrain(network: nn.Module, norm: Norm) -> None:
    """Normalise the weight of every convolution, linear map and embedding of `network` if `norm` is spectral."""
    if norm == "spectral":
        for module in list(network.modules()):
            if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
                spectral_norm(module)
