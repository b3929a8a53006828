"""A rectangle of images that becomes mid-grey."""

import torch
from torch import Tensor

from saddle.augment.draws import Fraction, shares


class Cutout:
    """The cutout of Karras et al. 2020, appendix B: a rectangle, centred anywhere in the image, becomes 0.

    A pixel is cut out if its centre is less than half of the rectangle's sides from the rectangle's centre.

    Args:
        size: of the sides, as a share of those of the image; 0.5 in the paper.
        share: it is applied with this share of p.
    """

    numbers = 3

    def __init__(self, *, size: Fraction, share: Fraction) -> None:
        self.size, self.share = size, share

    def __call__(self, x: Tensor, uniform: Tensor, probability: Tensor) -> Tensor:
        """x [n, channels, height, width] transformed by `uniform` [n, numbers] with p `probability` []."""
        on, down, right = shares(uniform).unbind(1)  # [n] each
        rows, columns = (self._near(centre, side) for centre, side in zip((down, right), x.shape[2:], strict=True))
        cut = rows[:, :, None] & columns[:, None, :] & (on < self.share * probability)[:, None, None]
        return x * (~cut)[:, None].to(x)  # [n, channels, height, width]

    def _near(self, centre: Tensor, side: int) -> Tensor:
        """Which pixels along a side are near to the centre [n], in 0..1 of the side: [n, side]."""
        pixels = (torch.arange(side, device=centre.device) + 0.5) / side
        return (pixels - centre[:, None]).abs() < self.size / 2
