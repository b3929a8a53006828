"""DiffAugment: every image is always transformed, differentiably (Zhao, Liu, Lin, Zhu and Han 2020)."""

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from saddle.augment.base import Augment
from saddle.augment.draws import whole


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
        brightness: NonNegativeFloat,
        saturation: NonNegativeFloat,
        contrast: NonNegativeFloat,
        translation: NonNegativeFloat,
        cutout: NonNegativeFloat,
    ) -> None:
        super().__init__()
        self.brightness, self.saturation, self.contrast = brightness, saturation, contrast
        self.translation, self.cutout = translation, cutout

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        brightness, saturation, contrast, down, right, row, column = uniform.unbind(1)  # [n] each
        x = x + self.brightness * _wide(brightness)
        x = x + self.saturation * _wide(saturation) * (x - x.mean(dim=1, keepdim=True))
        x = x + self.contrast * _wide(contrast) * (x - x.mean(dim=(1, 2, 3), keepdim=True))
        x = moved(x, 2, self._steps(down, x.shape[2]))
        x = moved(x, 3, self._steps(right, x.shape[3]))
        return x * ~(self._cut(row, x.shape[2])[:, None, :, None] & self._cut(column, x.shape[3])[:, None, None, :])

    def _steps(self, u: Tensor, side: int) -> Tensor:
        """By how many pixels [n] a side is moved."""
        most = int(self.translation * side)
        return whole(u, 2 * most + 1) - most

    def _cut(self, u: Tensor, side: int) -> Tensor:
        """Which places of a side are cut out, [n, side]; an even length is centred between two pixels."""
        length = int(self.cutout * side)
        first = whole(u, side + 1 - length % 2) - length // 2  # [n]
        place = torch.arange(side, device=u.device) - first[:, None]  # [n, side], from the first on
        return (place >= 0) & (place < length)


def moved(x: Tensor, dim: int, steps: Tensor) -> Tensor:
    """x [n, channels, height, width] moved along `dim` by whole numbers `steps` [n]; what comes in is 0."""
    side = x.shape[dim]
    source = torch.arange(side, device=x.device) - steps.long()[:, None]  # [n, side]
    shape = [len(x), 1, 1, 1]
    shape[dim] = side
    source = source.view(shape)
    there = (source >= 0) & (source < side)
    return x.gather(dim, source.clamp(0, side - 1).expand_as(x)) * there


def _wide(number: Tensor) -> Tensor:
    """A number for each image, [n, 1, 1, 1]."""
    return number.view(-1, 1, 1, 1)
