"""DCGAN (Radford, Metz and Chintala 2016): convolutions of stride 2 all the way, for any power of two from 8 to 256.

`width` is the number of channels next to the image; it doubles with every halving of the resolution, up to `widest`,
until the maps are 4 x 4. Weights start at N(0, 0.02), scales of normalisations at N(1, 0.02), as in the paper. A
convolution before a normalisation has no bias: the gradient would be zero except for rounding errors, which Adam
amplifies to full steps. `biases` adds one to all others; in pytorch/examples there are none.
"""

from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.base import Resolution, Stack, doubling_widths
from saddle.networks.conditional import ConditionalBatchNorm, Projection
from saddle.networks.norms import Norm, class_normalisation, constrain, normalisation


class DCGANGenerator(nn.Module):
    """Codes [batch, code_size] to images [batch, channels, resolution, resolution] in [-1, 1].

    Batch normalisation and ReLU follow every layer but the last, which ends in tanh. If there are `classes`, each
    normalisation has a gain and a bias for every class (`ConditionalBatchNorm`).
    """

    def __init__(
        self,
        *,
        channels: PositiveInt,
        resolution: Resolution,
        code_size: PositiveInt,
        classes: PositiveInt | None,
        width: PositiveInt,
        widest: PositiveInt,
        biases: bool,
    ) -> None:
        super().__init__()
        first, *rest = reversed(doubling_widths(resolution, 8, width, widest))  # from 4 x 4 to the image
        layers: list[nn.Module] = [
            nn.Unflatten(1, (code_size, 1, 1)),
            nn.ConvTranspose2d(code_size, first, 4, bias=False),  # [batch, first, 4, 4]
            class_normalisation("batch", first, classes),
            nn.ReLU(),
        ]
        for inputs, outputs in zip([first, *rest], rest, strict=False):
            layers += [_up(inputs, outputs, bias=False), class_normalisation("batch", outputs, classes), nn.ReLU()]
        layers += [_up(rest[-1] if rest else first, channels, bias=biases), nn.Tanh()]
        self.layers = Stack(*layers)
        self.apply(_initialise)

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(codes, labels)  # [batch, channels, resolution, resolution]


class DCGANDiscriminator(nn.Module):
    """Images [batch, channels, resolution, resolution] to outputs [batch, outputs].

    LeakyReLU(0.2) follows every convolution, with `norm` (networks/norms.py) between the two except after the first; in
    the paper it is `batch`. If there are `classes`, the `Projection` of the last 4 x 4 maps is added to the logit.
    """

    def __init__(
        self,
        *,
        channels: PositiveInt,
        resolution: Resolution,
        width: PositiveInt,
        widest: PositiveInt,
        norm: Norm,
        classes: PositiveInt | None,
        biases: bool,
        outputs: PositiveInt,
    ) -> None:
        super().__init__()
        first, *rest = doubling_widths(resolution, 8, width, widest)
        normalised = norm in ("layer", "batch")
        layers: list[nn.Module] = [_down(channels, first, bias=biases), nn.LeakyReLU(0.2)]
        for inputs, outs in zip([first, *rest], rest, strict=False):
            bias = biases and not normalised
            layers += [_down(inputs, outs, bias=bias), normalisation(norm, outs), nn.LeakyReLU(0.2)]
        last = rest[-1] if rest else first
        layers += [nn.Conv2d(last, outputs, 4, bias=biases), nn.Flatten()]  # [batch, outputs, 1, 1], [batch, outputs]
        self.layers = nn.Sequential(*layers)
        self.projection = None if classes is None else Projection(features=last * 16, classes=classes, outputs=outputs)
        self.apply(_initialise)
        constrain(self, norm)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.projection is None:
            return self.layers(x)  # [batch, outputs]
        phi = self.layers[:-2](x)  # [batch, widest, 4, 4]
        return self.layers[-2:](phi) + self.projection(phi, labels)


def _up(inputs: int, outputs: int, bias: bool) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)  # doubles height and width


def _down(inputs: int, outputs: int, bias: bool) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)  # halves height and width


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, ConditionalBatchNorm):
        nn.init.normal_(module.gain, 1.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
