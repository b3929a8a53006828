"""Residual networks of the WGAN-GP (Gulrajani et al. 2017) and SNGAN (Miyato et al. 2018) family, from 8 to 256 pixels.

`width` is the number of channels next to the image; it doubles with every halving of the resolution, up to `widest`.
As in the code of both papers, weights start uniform by Glorot and Bengio (2010), those of the blocks' 3 x 3
convolutions times sqrt(2) (called He's factor there), and biases at 0.
"""

from collections.abc import Callable
from math import log2, sqrt
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.base import Conditional, Resolution, Stack, doubling_widths
from saddle.networks.conditional import ClassCode, Projection
from saddle.networks.norms import Norm, class_normalisation, constrain, normalisation


class ResNetGenerator(nn.Module):
    """Codes [batch, code_size] to images [batch, channels, resolution, resolution] in [-1, 1].

    The layers are a linear map to 4 x 4 maps, one block for each doubling, normalisation, ReLU, a convolution and tanh.

    With batch normalisation every bias of the blocks is redundant: it adds a constant to a map, which passes through
    the shortcuts, and the last normalisation subtracts it. Its gradient is zero except for rounding errors, which Adam
    amplifies. `redundant_biases` includes them, as published.

    If there are `classes`, each batch normalisation has a gain and a bias for every class (`ConditionalBatchNorm`);
    without normalisation the class is a part of the code (`ClassCode`).
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
        norm: Literal["batch", "none"],
        upsampling: Literal["nearest", "bilinear"],
        redundant_biases: bool,
    ) -> None:
        super().__init__()
        first, *rest = reversed(doubling_widths(resolution, 4, width, widest))  # from 4 x 4 to the image
        bias = redundant_biases or norm == "none"
        layers: list[nn.Module] = []
        if norm == "none" and classes is not None:
            layers.append(ClassCode(code_size=code_size, classes=classes))
            code_size *= 2
        layers += [_linear(code_size, first * 16, bias=True), nn.Unflatten(1, (first, 4, 4))]
        for inputs, outputs in zip([first, *rest], rest, strict=False):
            layers.append(_up_block(inputs, outputs, norm, upsampling, bias, classes))
        last = rest[-1]
        layers += [class_normalisation(norm, last, classes), nn.ReLU()]
        self.layers = Stack(*layers, _conv(last, channels, 3, gain=1, bias=True), nn.Tanh())

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(codes, labels)  # [batch, channels, resolution, resolution]


class ResNetDiscriminator(nn.Module):
    """Images [batch, channels, resolution, resolution] to outputs [batch, outputs].

    The layers are one block for each halving down to `bottom` x `bottom` maps, `flat_blocks` blocks without halving,
    ReLU, `pooling` over all pixels, and a linear map, without a bias in SNGAN's own code. The first block has no
    normalisation or ReLU before its first convolution. If there are `classes`, the `Projection` of the pooled features
    is added to the logit.

    Shortcuts carry x, as in the papers. (In mimicry they carry max(x, 0), because its ReLU works in place.)
    """

    def __init__(
        self,
        *,
        channels: PositiveInt,
        resolution: Resolution,
        width: PositiveInt,
        widest: PositiveInt,
        bottom: Literal[4, 8],
        flat_blocks: PositiveInt,
        norm: Norm,
        pooling: Literal["sum", "mean"],
        output_bias: bool,
        classes: PositiveInt | None,
        outputs: PositiveInt,
    ) -> None:
        super().__init__()
        halvings = int(log2(resolution // bottom))
        widths = [min(width * 2**i, widest) for i in range(max(halvings, 1))]
        first, *rest = widths + widths[-1:] * (halvings + flat_blocks - len(widths))
        blocks = [_first_block(channels, first, halve=halvings > 0)]
        for i, (inputs, outs) in enumerate(zip([first, *rest], rest, strict=False), start=1):
            blocks.append(_down_block(inputs, outs, norm, halve=i < halvings))
        self.blocks = nn.Sequential(*blocks)
        self.pool = _POOLS[pooling]
        last = rest[-1] if rest else first
        self.out = _linear(last, outputs, bias=output_bias)
        self.projection = None if classes is None else Projection(features=last, classes=classes, outputs=outputs)
        constrain(self, norm)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        maps = self.blocks(x).relu()  # [batch, widest, bottom, bottom]
        phi = self.pool(maps, dim=(2, 3))  # [batch, widest]
        outputs = self.out(phi)  # [batch, outputs]
        return outputs if self.projection is None else outputs + self.projection(phi, labels)


class _Block(Conditional):
    """x to shortcut(x) + residual(x)."""

    def __init__(self, shortcut: nn.Module, *residual: nn.Module) -> None:
        super().__init__()
        self.shortcut, self.residual = shortcut, Stack(*residual)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.shortcut(x) + self.residual(x, labels)


_POOLS: dict[str, Callable[..., Tensor]] = {"sum": torch.sum, "mean": torch.mean}


def _up_block(inputs: int, outputs: int, norm: Norm, upsampling: str, bias: bool, classes: int | None) -> nn.Module:
    """Doubles height and width."""
    return _Block(
        # a 1 x 1 convolution commutes with the upsampling, whose weights sum to 1, and is cheaper before it
        nn.Sequential(_conv(inputs, outputs, 1, gain=1, bias=bias), _double(upsampling)),
        class_normalisation(norm, inputs, classes),
        nn.ReLU(),
        _double(upsampling),
        _conv(inputs, outputs, 3, gain=sqrt(2), bias=bias),
        class_normalisation(norm, outputs, classes),
        nn.ReLU(),
        _conv(outputs, outputs, 3, gain=sqrt(2), bias=bias),
    )


def _first_block(channels: int, outputs: int, halve: bool) -> nn.Module:
    return _Block(
        nn.Sequential(_pool(halve), _conv(channels, outputs, 1, gain=1, bias=True)),
        _conv(channels, outputs, 3, gain=sqrt(2), bias=True),
        nn.ReLU(),
        _conv(outputs, outputs, 3, gain=sqrt(2), bias=True),
        _pool(halve),
    )


def _down_block(inputs: int, outputs: int, norm: Norm, halve: bool) -> nn.Module:
    learned = halve or inputs != outputs
    return _Block(
        nn.Sequential(_pool(halve), _conv(inputs, outputs, 1, gain=1, bias=True)) if learned else nn.Identity(),
        normalisation(norm, inputs),
        nn.ReLU(),
        _conv(inputs, inputs, 3, gain=sqrt(2), bias=norm != "batch"),
        normalisation(norm, inputs),
        nn.ReLU(),
        _conv(inputs, outputs, 3, gain=sqrt(2), bias=True),
        _pool(halve),
    )


def _double(method: str) -> nn.Module:
    return nn.Upsample(scale_factor=2, mode=method)


def _pool(halve: bool) -> nn.Module:
    """The mean of 2 x 2 pixels, which equals bilinear downsampling."""
    return nn.AvgPool2d(2) if halve else nn.Identity()


def _conv(inputs: int, outputs: int, size: int, gain: float, bias: bool) -> nn.Module:
    return _glorot(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias), gain)


def _linear(inputs: int, outputs: int, bias: bool) -> nn.Module:
    return _glorot(nn.Linear(inputs, outputs, bias=bias), 1)


def _glorot(module: nn.Conv2d | nn.Linear, gain: float) -> nn.Module:
    nn.init.xavier_uniform_(module.weight, gain)
    if module.bias is not None:
        nn.init.zeros_(module.bias)
    return module
