"""Gradient ascent: the lecture's argmax, as far as a slope leads to it."""

import torch
from pydantic import PositiveFloat
from torch import Tensor

from saddle.search.walk import Noise, Walk


class Ascent(Walk):
    r"""x climbs D from where it starts, by moves of one length.

    $$x \leftarrow x + rate \cdot \nabla D(x) / |\nabla D(x)|_{rms}$$

    The norm is the root of the mean square over all numbers of x. So the walk is the same for D and for c D with c > 0,
    which have the same argmax: where D flattens, as it does in the lecture's loop, the search goes on at its pace.

    It ends within `rate` of a local maximum, and nothing says that it is the highest: "the argmax is hard" (lecture
    I.4). Without noise all walks that start in one basin end there, so that samples have no variety but that of their
    starts.

    Args:
        rate: the length of a move, in units of x for a number of x.
        bounded: as for `Walk`.
    """

    def __init__(self, *, rate: PositiveFloat, bounded: bool) -> None:
        super().__init__(bounded=bounded)
        self.rate = rate

    def move(self, x: Tensor, slope: Tensor, draw: Noise) -> Tensor:
        length = slope.flatten(1).square().mean(1).sqrt().view(-1, *(1 for _ in x.shape[1:]))  # [n, 1, ...]
        return x + self.rate * slope / length.clamp(min=torch.finfo(slope.dtype).tiny)
