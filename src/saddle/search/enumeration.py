"""Enumeration of all x, if there are few: the exact argmax, and exact samples."""

from math import prod

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.search.base import Critic, Draw, Search

MAX_PIXELS = 20
"""Largest number of pixels of black and white images that can be enumerated: a million images."""
AT_ONCE = 8192


class Enumeration(Search):
    r"""D at every black and white image x in {-1, 1}^shape ("Enumerate all possible x": lecture I.3).

    $$P(x) = \frac{\exp(D(x) / T)}{\sum_{x'} \exp(D(x') / T)}$$

    exactly, independent of start and steps. T = 0 gives the argmax, with equal probabilities if there are several.

    Args:
        shape: shape of x.
        temperature: T.

    Raises:
        ValueError: there are too many images.
    """

    lists = True

    def __init__(self, *, shape: list[PositiveInt], temperature: NonNegativeFloat) -> None:
        if prod(shape) > MAX_PIXELS:
            raise ValueError(
                f"x of shape {list(shape)} has 2^{prod(shape)} black and white images, too many to enumerate: "
                f"choose data=bars_and_stripes, or a search by gradients (model=discriminator)"
            )
        self.temperature = temperature
        bits = torch.arange(2 ** prod(shape))[:, None] >> torch.arange(prod(shape)) & 1  # [points, pixels]
        self.points = (2.0 * bits - 1).reshape(-1, *shape)  # [points, *shape]

    def __call__(self, critic: Critic, start: Tensor, steps: int, draw: Draw) -> Tensor:
        ends = self.probabilities(critic, start.device).cumsum(0)  # [points]
        share = (draw("enumeration", (), "uniform").double() + 1) / 2  # [n], in [0, 1)
        chosen = torch.searchsorted(ends, share * ends[-1], right=True)
        return self.points.to(start)[chosen]

    @torch.no_grad()
    def probabilities(self, critic: Critic, device: torch.device) -> Tensor:
        """P(x) of every point, float64 [points]."""
        with torch.autocast(device.type, enabled=False):
            heights = torch.cat([critic(points.to(device)).double() for points in self.points.split(AT_ONCE)])
        if self.temperature:
            return (heights / self.temperature).softmax(0)
        highest = (heights == heights.max()).double()
        return highest / highest.sum()
