"""Brightness, contrast, inversion, hue and saturation of images as one affine map of colours."""

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from saddle.augment.draws import Fraction, normal, per_image, shares


class Color:
    r"""The colour transforms of Karras et al. 2020, appendix B, in their order; each is applied with a share of p.

    $$v \mapsto S H L c (v + b), \quad P = \tfrac13 \mathbf 1 \mathbf 1^T, \quad Q = I - P$$

    for a pixel v [channels]: brightness b is added, contrast multiplies by c, L = +-P + Q may invert the brightness,
    H = P + cos(h) Q + sin(h) K rotates the hue by h around the grey axis, with K the cross product with its direction,
    and S = P + s Q multiplies the saturation by s, which is the paper's 4 x 4 matrix. P Q = P K = 0 and Q K = K, so

    $$S H L = \pm P + s (\cos(h) Q + \sin(h) K)$$

    Grey stays grey. An image of one channel is grey, so hue and saturation have no effect on it.

    Args:
        brightness: b is N(0, brightness^2).
        contrast: c is 2^N(0, contrast^2).
        invert: whether L inverts the brightness, but not the hue, with probability 1/2.
        hue: h is uniform up to this fraction of 180 degrees.
        saturation: s is 2^N(0, saturation^2).
        share: each transform is applied with this share of p; 1 in the paper.
    """

    numbers = 10

    def __init__(
        self,
        *,
        brightness: NonNegativeFloat,
        contrast: NonNegativeFloat,
        invert: bool,
        hue: Fraction,
        saturation: NonNegativeFloat,
        share: Fraction,
    ) -> None:
        self.brightness, self.contrast, self.invert = brightness, contrast, invert
        self.hue, self.saturation, self.share = hue, saturation, share

    def __call__(self, x: Tensor, uniform: Tensor, probability: Tensor) -> Tensor:
        """x [n, channels, height, width] transformed by `uniform` [n, numbers] with p `probability` []."""
        on = shares(uniform[:, :5]) < self.share * probability  # [n, 5]
        brightness, contrast, invert, hue, saturation = uniform[:, 5:].unbind(1)
        b = torch.where(on[:, 0], self.brightness * normal(brightness), 0.0)
        c = torch.where(on[:, 1], torch.exp2(self.contrast * normal(contrast)), 1.0)
        sign = torch.where(on[:, 2] & (invert < 0), -1.0, 1.0) if self.invert else torch.ones_like(b)
        h = torch.where(on[:, 3], torch.pi * self.hue * hue, 0.0)
        s = torch.where(on[:, 4], torch.exp2(self.saturation * normal(saturation)), 1.0)
        x_factor, grey_factor = (
            c * s * h.cos(),
            c * (sign - s * h.cos()),
        )  # +-P + s cos(h) Q = s cos(h) I + (+-1 - s cos(h)) P
        across = c * s * h.sin() / 3**0.5
        grey = x.mean(dim=1, keepdim=True)
        turned = x.roll(1, dims=1) - x.roll(-1, dims=1)  # sqrt(3) K x; 0 for one channel
        mapped = torch.addcmul(per_image(grey_factor) * grey + per_image(c * sign * b), per_image(x_factor), x)
        return torch.addcmul(mapped, per_image(across), turned)
