"""Gradient ascent: the lecture's argmax, as far as the gradient leads to it."""

import torch
from pydantic import PositiveFloat
from torch import Tensor

from saddle.search.walk import Noise, Walk


class Ascent(Walk):
    r"""x ascends D by steps of constant length.

    $$x \leftarrow x + rate \cdot \nabla D(x) / |\nabla D(x)|_{rms}$$

    The norm is the root mean square over all entries of x. The search is thus the same for D and for c D with c > 0,
    which have the same argmax, and keeps its pace where D is flat, as in the lecture's loop.

    It ends within `rate` of a local maximum, which need not be the global one: "the argmax is hard" (lecture I.4).
    Without noise all searches from one basin end at the same maximum, so that only the starts give samples variety.

    Args:
        rate: length of a step, in units of x per entry.
        bounded: see `Walk`.
    """

    def __init__(self, *, rate: PositiveFloat, bounded: bool) -> None:
        super().__init__(bounded=bounded)
        self.rate = rate

    def move(self, x: Tensor, slope: Tensor, draw: Noise) -> Tensor:
        length = slope.flatten(1).square().mean(1).sqrt().view(-1, *(1 for _ in x.shape[1:]))  # [n, 1, ...]
        return x + self.rate * slope / length.clamp(min=torch.finfo(slope.dtype).tiny)
