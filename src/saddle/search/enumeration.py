"""All x that there are, where they are few: the argmax itself, and exact samples."""

from math import prod

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.search.base import Critic, Draw, Search

MOST = 20
"""Pixels of black and white images that can still be listed: a million images."""
AT_ONCE = 8192


class Enumeration(Search):
    r"""D at every black and white image x in {-1, 1}^shape ("Enumerate all possible x": lecture I.3).

    $$P(x) = \frac{\exp(D(x) / T)}{\sum_{x'} \exp(D(x') / T)}$$

    exactly, whatever the start and the steps; with T = 0 the argmax, each of several alike with the same probability.

    Args:
        shape: of x.
        temperature: T.

    Raises:
        ValueError: there are too many to list.
    """

    lists = True

    def __init__(self, *, shape: list[PositiveInt], temperature: NonNegativeFloat) -> None:
        if prod(shape) > MOST:
            raise ValueError(
                f"x of shape {list(shape)} has 2^{prod(shape)} black and white images, too many to list: take "
                f"data=bars_and_stripes, or a search that walks (model=discriminator)"
            )
        self.temperature = temperature
        bits = torch.arange(2 ** prod(shape))[:, None] >> torch.arange(prod(shape)) & 1  # [points, pixels]
        self.points = (2.0 * bits - 1).reshape(-1, *shape)  # [points, *shape]

    def __call__(self, critic: Critic, start: Tensor, steps: int, draw: Draw) -> Tensor:
        ends = self.probabilities(critic, start.device).cumsum(0)  # [points]
        share = (draw("enumeration", (), "uniform").double() + 1) / 2  # [n], in [0, 1)
        places = torch.searchsorted(ends, share * ends[-1], right=True)
        return self.points.to(start)[places]

    @torch.no_grad()
    def probabilities(self, critic: Critic, device: torch.device) -> Tensor:
        """P(x) of every point, float64 [points]."""
        with torch.autocast(device.type, enabled=False):
            heights = torch.cat([critic(points.to(device)).double() for points in self.points.split(AT_ONCE)])
        if self.temperature:
            return (heights / self.temperature).softmax(0)
        highest = (heights == heights.max()).double()
        return highest / highest.sum()
