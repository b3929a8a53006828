"""DiffAugment: every image is always transformed, differentiably (Zhao, Liu, Lin, Zhu and Han 2020)."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from saddle.augment.base import Augment
from saddle.augment.draws import Fraction, per_image, whole

Strength = Annotated[float, Field(ge=0, le=10)]


class DiffAugment(Augment):
    """The paper's policy of colour, translation and cutout, in this order; a strength of 0 disables a transform.

    - brightness: + U[-s, s], in units of x;
    - saturation: the difference to each pixel's grey times U[1 - s, 1 + s]; no effect on images of one channel;
    - contrast: the difference to the image's mean times U[1 - s, 1 + s];
    - translation: independently in both directions by whole pixels, up to s of the side; new pixels are 0, mid-grey;
    - cutout: a rectangle of s of the sides, with its centre anywhere in the image, becomes 0.

    Args:
        brightness, saturation, contrast, translation, cutout: strength s of each transform.
    """

    numbers = 7

    def __init__(
        self,
        *,
        brightness: Strength,
        saturation: Strength,
        contrast: Strength,
        translation: Fraction,
        cutout: Fraction,
    ) -> None:
        super().__init__()
        self.brightness, self.saturation, self.contrast = brightness, saturation, contrast
        self.translation, self.cutout = translation, cutout

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        brightness, saturation, contrast, down, right, row, column = uniform.unbind(1)  # [n] each
        x = x + self.brightness * per_image(brightness)
        x = torch.addcmul(x, self.saturation * per_image(saturation), x - x.mean(dim=1, keepdim=True))
        x = torch.addcmul(x, self.contrast * per_image(contrast), x - x.mean(dim=(1, 2, 3), keepdim=True))
        height, width = x.shape[2:]
        rows, columns = self._sources(down, height), self._sources(right, width)
        cut = self._cut(row, height)[:, :, None] & self._cut(column, width)[:, None, :]  # [n, height, width]
        return moved(x, rows, columns) * (~cut)[:, None].to(x)

    def _sources(self, u: Tensor, side: int) -> Tensor:
        """The source index of each pixel along a side, [n, side]; some are outside of the image."""
        largest = _pixels(self.translation, side)
        steps = (whole(u, 2 * largest + 1) - largest).long()  # [n]
        return torch.arange(side, device=u.device) - steps[:, None]

    def _cut(self, u: Tensor, side: int) -> Tensor:
        """Which pixels along a side are cut out, [n, side]; an even length is centred between two pixels."""
        length = _pixels(self.cutout, side)
        first = whole(u, side + 1 - length % 2) - length // 2  # [n]
        offset = torch.arange(side, device=u.device) - first[:, None]  # [n, side]
        return (offset >= 0) & (offset < length)


def moved(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The image whose pixel (i, j) is that of x [n, channels, height, width] at (rows[i], columns[j]), 0 outside of x.

    Args:
        x: images.
        rows, columns: indices [n, height] and [n, width].
    """
    height, width = x.shape[2:]
    from_rows = rows.clamp(0, height - 1)[:, None, :, None].expand_as(x)
    from_columns = columns.clamp(0, width - 1)[:, None, None, :].expand_as(x)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    return x.gather(2, from_rows).gather(3, from_columns) * inside[:, None].to(x)


def _pixels(share: float, side: int) -> int:
    """A share of a side in whole pixels, rounded as the authors' code does."""
    return int(share * side + 0.5)
