"""Brightness, contrast, inversion, hue and saturation of images as one affine map of colours."""

from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat
from torch import Tensor

from saddle.augment.draws import normal, shares

Part = Annotated[float, Field(ge=0, le=1)]


class Color:
    r"""The colour transforms of Karras et al. 2020, appendix B, in their order; each happens with probability p.

    $$v \mapsto S H L c (v + b), \quad P = \tfrac13 \mathbf 1 \mathbf 1^T, \quad Q = I - P$$

    for a pixel v [channels]: brightness b is added, contrast multiplies by c, L = +-P + Q may exchange light and dark,
    H = P + cos(h) Q + sin(h) K turns the hue by h around the grey axis, with K the cross product with its direction,
    and S = P + s Q multiplies the saturation by s. In a 4 x 4 matrix that is the paper's. P Q = P K = 0 and Q K = K, so

    $$S H L = \pm P + s (\cos(h) Q + \sin(h) K)$$

    Grey stays grey. An image of one channel is grey, and hue and saturation do nothing to it.

    Args:
        brightness: b is N(0, brightness^2).
        contrast: c is 2^N(0, contrast^2).
        invert: whether L may, in half of the cases, exchange light and dark; hues stay.
        hue: h is uniform up to this part of 180 degrees.
        saturation: s is 2^N(0, saturation^2).
    """

    numbers = 10

    def __init__(
        self,
        *,
        brightness: NonNegativeFloat,
        contrast: NonNegativeFloat,
        invert: bool,
        hue: Part,
        saturation: NonNegativeFloat,
    ) -> None:
        self.brightness, self.contrast, self.invert = brightness, contrast, invert
        self.hue, self.saturation = hue, saturation

    def __call__(self, x: Tensor, uniform: Tensor, probability: Tensor) -> Tensor:
        """x [n, channels, height, width] transformed by `uniform` [n, numbers] with p `probability` []."""
        on = shares(uniform[:, :5]) < probability  # [n, 5]
        brightness, contrast, invert, hue, saturation = uniform[:, 5:].unbind(1)
        b = torch.where(on[:, 0], self.brightness * normal(brightness), 0.0)
        c = torch.where(on[:, 1], torch.exp2(self.contrast * normal(contrast)), 1.0)
        sign = torch.where(on[:, 2] & (invert < 0), -1.0, 1.0) if self.invert else torch.ones_like(b)
        h = torch.where(on[:, 3], torch.pi * self.hue * hue, 0.0)
        s = torch.where(on[:, 4], torch.exp2(self.saturation * normal(saturation)), 1.0)
        of_x, of_grey = c * s * h.cos(), c * (sign - s * h.cos())  # +-P + s cos(h) Q = s cos(h) I + (+-1 - s cos(h)) P
        across = c * s * h.sin() / 3**0.5
        grey = x.mean(dim=1, keepdim=True)
        turned = x.roll(1, dims=1) - x.roll(-1, dims=1)  # sqrt(3) K x; 0 for one channel
        mapped = torch.addcmul(_wide(of_grey) * grey + _wide(c * sign * b), _wide(of_x), x)
        return torch.addcmul(mapped, _wide(across), turned)


def _wide(number: Tensor) -> Tensor:
    """A number for each image, [n, 1, 1, 1]."""
    return number.view(-1, 1, 1, 1)
