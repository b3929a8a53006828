"""DiffAugment: every image is always transformed, differentiably (Zhao, Liu, Lin, Zhu and Han 2020)."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from saddle.augment.base import Augment
from saddle.augment.draws import whole

Part = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=10)]


class DiffAugment(Augment):
    """The paper's policy of colour, then translation, then cutout; a strength of 0 leaves a transform out.

    - brightness: + U[-s, s], in units of x;
    - saturation: the distance to each pixel's grey times U[1 - s, 1 + s]; an image of one channel stays as it is;
    - contrast: the distance to the image's mean times U[1 - s, 1 + s];
    - translation: by whole pixels, each direction by itself, up to s of the side; what comes in is 0, mid-grey;
    - cutout: a rectangle of s of the sides, its centre anywhere in the image, becomes 0.

    Args:
        brightness, saturation, contrast, translation, cutout: s of each.
    """

    numbers = 7

    def __init__(
        self,
        *,
        brightness: Strength,
        saturation: Strength,
        contrast: Strength,
        translation: Part,
        cutout: Part,
    ) -> None:
        super().__init__()
        self.brightness, self.saturation, self.contrast = brightness, saturation, contrast
        self.translation, self.cutout = translation, cutout

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        brightness, saturation, contrast, down, right, row, column = uniform.unbind(1)  # [n] each
        x = x + self.brightness * _wide(brightness)
        x = torch.addcmul(x, self.saturation * _wide(saturation), x - x.mean(dim=1, keepdim=True))
        x = torch.addcmul(x, self.contrast * _wide(contrast), x - x.mean(dim=(1, 2, 3), keepdim=True))
        height, width = x.shape[2:]
        rows, columns = self._sources(down, height), self._sources(right, width)
        cut = self._cut(row, height)[:, :, None] & self._cut(column, width)[:, None, :]  # [n, height, width]
        return moved(x, rows, columns) * (~cut)[:, None].to(x)

    def _sources(self, u: Tensor, side: int) -> Tensor:
        """Which places of a side are shown at its places, [n, side]; some lie outside."""
        most = _pixels(self.translation, side)
        steps = (whole(u, 2 * most + 1) - most).long()  # [n]
        return torch.arange(side, device=u.device) - steps[:, None]

    def _cut(self, u: Tensor, side: int) -> Tensor:
        """Which places of a side are cut out, [n, side]; an even length is centred between two pixels."""
        length = _pixels(self.cutout, side)
        first = whole(u, side + 1 - length % 2) - length // 2  # [n]
        place = torch.arange(side, device=u.device) - first[:, None]  # [n, side], from the first on
        return (place >= 0) & (place < length)


def moved(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The image whose pixel (i, j) is that of x [n, channels, height, width] at rows[i], columns[j], 0 outside of x.

    Args:
        x: images.
        rows, columns: whole numbers [n, height] and [n, width].
    """
    height, width = x.shape[2:]
    from_rows = rows.clamp(0, height - 1)[:, None, :, None].expand_as(x)
    from_columns = columns.clamp(0, width - 1)[:, None, None, :].expand_as(x)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    return x.gather(2, from_rows).gather(3, from_columns) * inside[:, None].to(x)


def _pixels(share: float, side: int) -> int:
    """A share of a side in whole pixels, rounded as the authors' code does."""
    return int(share * side + 0.5)


def _wide(number: Tensor) -> Tensor:
    """A number for each image, [n, 1, 1, 1]."""
    return number.view(-1, 1, 1, 1)
