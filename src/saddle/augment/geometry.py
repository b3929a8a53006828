"""Flips, quarter turns, shifts, scalings and rotations of images in one resampling."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import grid_sample

from saddle.augment.draws import Fraction, normal, shares, whole

Strength = Annotated[float, Field(ge=0, le=3)]


class Geometry:
    r"""Pixel blitting and general geometric transforms (Karras et al. 2020, appendix B), in their order.

    In pixels from the centre, position v of the result shows position u of the image:

    $$u = F Q (S R_1 A R_2 (v - t) - k)$$

    with a flip F, a quarter turn Q and a shift by k whole pixels, which do not interpolate, and a scaling S, rotations
    R_1 and R_2 before and after a stretching A, and a translation t, which do. Each is applied with probability p, each
    rotation with 1 - sqrt(1 - p), so that at least one of them is applied with p. An image without any transform is
    returned unchanged, bit for bit. Beyond its edges the image is mirrored once, without repeating the outermost
    pixels; what is still farther is 0, mid-grey. The authors' code does so (NVlabs/stylegan2-ada-pytorch).

    Pixels are interpolated linearly. The paper instead samples at twice the resolution between two wavelet filters,
    with less blur of fine detail and less aliasing of shrunk images.

    Args:
        flip: whether left and right are exchanged with probability 1/2.
        turn: whether the image is rotated by 0, 90, 180 or 270 degrees.
        shift: k is uniform up to this fraction of the side, rounded.
        scale: S enlarges by 2^N(0, scale^2).
        rotation: angles are uniform up to this fraction of 180 degrees.
        stretch: A enlarges the width by 2^N(0, stretch^2) and shrinks the height by the same factor.
        translation: t is N(0, translation^2) of the side.
    """

    numbers = 18

    def __init__(
        self,
        *,
        flip: bool,
        turn: bool,
        shift: Fraction,
        scale: Strength,
        rotation: Fraction,
        stretch: Strength,
        translation: Fraction,
    ) -> None:
        self.flip, self.turn, self.shift = flip, turn, shift
        self.scale, self.rotation, self.stretch, self.translation = scale, rotation, stretch, translation

    def __call__(self, x: Tensor, uniform: Tensor, probability: Tensor) -> Tensor:
        """x [n, channels, height, width] transformed by `uniform` [n, numbers] with p `probability` []."""
        height, width = x.shape[2:]
        return resampled(x, *self.affine_map(uniform, probability, height, width))

    def affine_map(self, uniform: Tensor, probability: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """M [n, 2, 2] and m [n, 2] of u = M v + m, with positions (right, down) in pixels from the centre."""
        chances = shares(uniform[:, :8])
        flip, turn, shift, scale, stretch, translation = (chances[:, :6] < probability).unbind(1)  # [n] each
        first, second = (chances[:, 6:] < 1 - (1 - probability).sqrt()).unbind(1)
        side, quarter, right, down, size, shape, to_right, to_down, first_angle, second_angle = uniform[:, 8:].unbind(1)
        one, zero = torch.ones_like(side), torch.zeros_like(side)
        mirror = torch.where(flip & (side < 0), -1.0, 1.0) if self.flip else one
        quarters = torch.where(turn, whole(quarter, 4), 0.0) if self.turn else zero
        cosine, sine = (quarters - 2).abs() - 1, 1 - (quarters - 1).abs()  # exact, unlike those of pi / 2
        exact = _matrix(mirror, zero, zero, one) @ _matrix(cosine, -sine, sine, cosine)  # F Q
        larger = torch.where(scale, torch.exp2(self.scale * normal(size)), 1.0)
        wider = torch.where(stretch, torch.exp2(self.stretch * normal(shape)), 1.0)
        stretched = _matrix(1 / (larger * wider), zero, zero, wider / larger)  # S A
        before, after = (
            _rotation(torch.where(on, torch.pi * self.rotation * u, 0.0))
            for on, u in ((first, first_angle), (second, second_angle))
        )
        matrix = exact @ before @ stretched @ after
        shifts = torch.stack([(self.shift * width * right).round(), (self.shift * height * down).round()], dim=1)
        moves = torch.stack([width * normal(to_right), height * normal(to_down)], dim=1)  # [n, 2]
        k = torch.where(shift[:, None], shifts, 0.0)
        t = torch.where(translation[:, None], self.translation * moves, 0.0)
        return matrix, -(exact @ k[:, :, None] + matrix @ t[:, :, None]).squeeze(2)


def resampled(x: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """The image that shows at v the pixel of x [n, channels, height, width] at matrix v + offset, see `Geometry`.

    x is returned unchanged if the map is the identity, since sides that are no power of two would cause rounding.
    """
    height, width = x.shape[2:]
    right = torch.arange(width, device=x.device, dtype=x.dtype) - (width - 1) / 2
    down = torch.arange(height, device=x.device, dtype=x.dtype) - (height - 1) / 2
    from_right = matrix[:, :, 0, None, None] * right  # [n, 2, 1, width]
    from_down = matrix[:, :, 1, None, None] * down[:, None] + offset[:, :, None, None]  # [n, 2, height, 1]
    (right, within_right), (down, within_down) = (
        _mirrored(positions, side)
        for positions, side in zip((from_right + from_down).unbind(1), (width, height), strict=True)
    )
    sources = torch.stack([right * (2 / width), down * (2 / height)], dim=3)  # [n, height, width, 2] in (-1, 1)
    sampled = grid_sample(x, sources, mode="bilinear", padding_mode="border", align_corners=False)
    sampled = sampled * (within_right * within_down)[:, None]
    identity = (matrix == torch.eye(2, device=x.device)).flatten(1).all(1) & (offset == 0).all(1)  # [n]
    return torch.where(identity.view(-1, 1, 1, 1), x, sampled)


def _mirrored(positions: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Positions inside of the image that show what is at `positions`, in pixels from the centre, and its weight.

    The mirrored image has side - 1 more pixels on each end; beyond the last one the weight falls to 0 within a pixel.
    """
    edge = (side - 1) / 2  # the centre of the outermost pixel
    reached = positions.clamp(-3 * edge, 3 * edge)
    inside = reached - 2 * (reached - reached.clamp(-edge, edge))
    return inside, 1 - (positions - reached).abs().clamp(max=1)


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """((a, b), (c, d)), [n, 2, 2], of entries [n]."""
    return torch.stack([a, b, c, d], dim=1).view(-1, 2, 2)


def _rotation(angle: Tensor) -> Tensor:
    cosine, sine = angle.cos(), angle.sin()
    return _matrix(cosine, -sine, sine, cosine)
