"""Real pictures spoilt in kinds that differ in what is wrong: detail, colour, arrangement, everything (000 I.1.2)."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from saddle.noise import generator, noise


def kinds_of_pictures(real: Tensor, seed: int) -> dict[str, Tensor]:
    """Kind -> pictures, each made of the same real ones, x [count, channels, height, width] in [-1, 1]."""
    half = real.shape[-1] // 2
    other = real.roll(1, dims=0)
    return {
        **{f"blurred over {side} pixels": _blurred(real, side) for side in (2, 4)},
        **{f"grain of {deviation:g}": _grainy(real, deviation, seed) for deviation in (0.1, 0.3, 1.0)},
        "upside down": real.flip(2),
        "negative": -real,
        "left half of another": torch.cat([other[..., :half], real[..., half:]], dim=-1),
        "shuffled pixels": _shuffled(real, seed),
        "one colour": real.mean((2, 3), keepdim=True).expand_as(real),
        "noise": noise(seed, "pictures of noise", 0, range(len(real)), real.shape[1:], "uniform").to(real),
    }


def _blurred(x: Tensor, side: int) -> Tensor:
    """Averages over side x side pixels, joined smoothly."""
    return interpolate(avg_pool2d(x, side), size=x.shape[-2:], mode="bilinear", align_corners=False)


def _grainy(x: Tensor, deviation: float, seed: int) -> Tensor:
    """Independent normal noise in units of x."""
    return (x + deviation * noise(seed, "grain", 0, range(len(x)), x.shape[1:]).to(x)).clamp(-1, 1)


def _shuffled(x: Tensor, seed: int) -> Tensor:
    """The same pixels in one other order: all colours are right, and nothing is where it belongs."""
    order = torch.from_numpy(generator(seed, "shuffled pixels").permutation(x.shape[-1] * x.shape[-2]))
    return x.flatten(2)[..., order].view_as(x)
