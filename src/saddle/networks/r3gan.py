"""R3GAN (Huang et al. 2024, arXiv 2501.05441, configuration E): residual networks without normalisation.

Written after the paper and the facts of the authors' code (brownvc/R3GAN), for 8 to 256 pixels. There is one stage of
`blocks` blocks for each resolution from 4 x 4 to the image:

    x + conv1x1(lrelu(conv3x3(lrelu(conv1x1(x)))))        LeakyReLU(0.2), the last convolution without a bias

This is an inverted bottleneck with `expansion` times as many channels inside. The 3 x 3 convolution has groups of
`group_size` channels, so the cardinality is width x expansion / group_size. Between two stages the maps are resampled
(`_Upsampled`, `_Downsampled`), with a 1 x 1 convolution if their number changes.

Weights start as in He et al. (2015). Without normalisation the variance would grow with the depth, so blocks start as
in fix-up (Zhang et al. 2019): with L blocks in the network and m = 3 layers in a block, the last layer is 0 and the
others are scaled by L^(-1/(2m - 2)). At first the network is linear.

`width` is the number of channels next to the image; it doubles with every halving of the resolution, up to `widest`,
which is a choice of this implementation: the authors list the widths. Other layers start at N(0, 1 / inputs), the
4 x 4 maps at N(0, 1), biases at 0. Only the layers before an activation have a bias.
"""

from itertools import pairwise
from typing import Any, TypeVar

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from saddle.networks.base import Resolution, doubling_widths
from saddle.networks.conditional import ClassCode, Projection

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
_SLOPE = 0.2
_LAYERS = 3


class _Network(nn.Module):
    """A network that refuses the states of its earlier versions, which resampled in another way."""

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *others)
        resampled = any(name.startswith(prefix) and name.endswith(".taps") for name in state_dict)
        if not resampled:  # every resolution from 8 on is resampled
            others[-1].append(
                "it is the R3GAN of an earlier Saddle, which differs from the published one: use that version"
            )


class R3GANGenerator(_Network):
    """Codes [batch, code_size] to unbounded images [batch, channels, resolution, resolution].

    It starts with learned 4 x 4 maps, each multiplied by one output of a linear map of the code, without a bias. If
    there are `classes`, the class is a part of the code (`ClassCode`), which starts at N(0, 1 / classes).
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
        blocks: PositiveInt,
        expansion: PositiveInt,
        group_size: PositiveInt,
    ) -> None:
        super().__init__()
        widths = doubling_widths(resolution, 4, width, widest)[::-1]  # from 4 x 4 to the image
        self.basis = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.code = None if classes is None else ClassCode(code_size=code_size, classes=classes)
        if self.code is not None:
            nn.init.normal_(self.code.embedding.weight, std=self.code.embedding.num_embeddings**-0.5)
        self.modulation = _linear(code_size if classes is None else 2 * code_size, widths[0])
        layers = _stage(widths[0], blocks, expansion, group_size, len(widths))
        for inputs, outputs in pairwise(widths):
            layers += [_change(inputs, outputs), _Upsampled()]
            layers += _stage(outputs, blocks, expansion, group_size, len(widths))
        self.layers = nn.Sequential(*layers, _conv(widths[-1], channels))

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.code is not None:
            codes = self.code(codes, labels)  # [batch, 2 code_size]
        maps = self.basis * self.modulation(codes)[:, :, None, None]  # [batch, widest, 4, 4]
        return self.layers(maps)  # [batch, channels, resolution, resolution]


class R3GANDiscriminator(_Network):
    """Images [batch, channels, resolution, resolution] to outputs [batch, outputs]; the generator's mirror image.

    It ends in one 4 x 4 filter for each map, phi(x), and a linear map L. If there are `classes`, L has as many outputs
    as phi(x), and the logit is their `Projection`, <L phi(x), embed(y)>, without a term that does not depend on y. The
    embedding starts at N(0, 1 / (features classes)).
    """

    def __init__(
        self,
        *,
        channels: PositiveInt,
        resolution: Resolution,
        width: PositiveInt,
        widest: PositiveInt,
        blocks: PositiveInt,
        expansion: PositiveInt,
        group_size: PositiveInt,
        classes: PositiveInt | None,
        outputs: PositiveInt,
    ) -> None:
        super().__init__()
        widths = doubling_widths(resolution, 4, width, widest)
        layers = [_conv(channels, widths[0]), *_stage(widths[0], blocks, expansion, group_size, len(widths))]
        for inputs, outs in pairwise(widths):
            layers += [_Downsampled(), _change(inputs, outs)]
            layers += _stage(outs, blocks, expansion, group_size, len(widths))
        last = widths[-1]
        head = _he(nn.Conv2d(last, last, 4, groups=last, bias=False), slope=1)  # [batch, widest, 1, 1]
        self.layers = nn.Sequential(*layers, head, nn.Flatten(), _linear(last, outputs if classes is None else last))
        self.projection = None if classes is None else Projection(features=last, classes=classes, outputs=outputs)
        if self.projection is not None:
            nn.init.normal_(self.projection.embedding.weight, std=self.projection.embedding.weight.numel() ** -0.5)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.layers(x)  # [batch, outputs], or [batch, widest] if there are classes
        return x if self.projection is None else self.projection(x, labels)


class _Block(nn.Module):
    """Maps [batch, width, height, width] to maps of the same shape; `depth` is the number of blocks in the network."""

    def __init__(self, width: int, expansion: int, group_size: int, depth: int) -> None:
        super().__init__()
        inside = width * expansion
        if inside % group_size:
            raise ValueError(
                f"group_size={group_size} does not divide the {inside} channels inside a block "
                f"(width {width} x expansion {expansion})"
            )
        narrow, spread = nn.Conv2d(width, inside, 1), nn.Conv2d(inside, width, 1, bias=False)
        grouped = nn.Conv2d(inside, inside, 3, padding=1, groups=inside // group_size)
        self.residual = nn.Sequential(narrow, nn.LeakyReLU(_SLOPE), grouped, nn.LeakyReLU(_SLOPE), spread)
        with torch.no_grad():
            for conv in (narrow, grouped):
                _he(conv, slope=_SLOPE).weight.mul_(depth ** (-1 / (2 * _LAYERS - 2)))
            spread.weight.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(x)


class _Resampled(nn.Module):
    """Maps at another resolution, by the filter (1, 3, 3, 1) / 8 in both directions, with zeros beyond the edges."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("taps", torch.tensor([1.0, 3, 3, 1]) / 8)

    @property
    def kernel(self) -> Tensor:
        return self.taps.outer(self.taps)[None, None]  # [1, 1, 4, 4]


class _Upsampled(_Resampled):
    """Maps of twice the height and width: bilinear interpolation, in which the outermost pixels fade to zero."""

    def forward(self, x: Tensor) -> Tensor:
        single = x.reshape(-1, 1, *x.shape[2:])  # a convolution in groups would have a slow second derivative
        return conv_transpose2d(single, 4 * self.kernel, stride=2, padding=1).view(
            *x.shape[:2], *(2 * n for n in x.shape[2:])
        )


class _Downsampled(_Resampled):
    """Maps of half the height and width."""

    def forward(self, x: Tensor) -> Tensor:
        single = x.reshape(-1, 1, *x.shape[2:])
        return conv2d(single, self.kernel, stride=2, padding=1).view(*x.shape[:2], *(n // 2 for n in x.shape[2:]))


def _stage(width: int, blocks: int, expansion: int, group_size: int, stages: int) -> list[nn.Module]:
    return [_Block(width, expansion, group_size, blocks * stages) for _ in range(blocks)]


def _change(inputs: int, outputs: int) -> nn.Module:
    return nn.Identity() if inputs == outputs else _conv(inputs, outputs)


def _conv(inputs: int, outputs: int) -> nn.Module:
    return _he(nn.Conv2d(inputs, outputs, 1, bias=False), slope=1)


def _linear(inputs: int, outputs: int) -> nn.Module:
    return _he(nn.Linear(inputs, outputs, bias=False), slope=1)


def _he(layer: Layer, slope: float) -> Layer:
    """Initialise weights to preserve the variance before a LeakyReLU of this slope; slope 1 is no activation."""
    nn.init.kaiming_normal_(layer.weight, a=slope)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
