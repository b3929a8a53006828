"""A search that goes from x to x along D's slope."""

from abc import abstractmethod
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from saddle.search.base import Critic, Draw, Search

Noise = Callable[[], Tensor]
"""N(0, I) of one step, [n, *shape]."""


class Walk(Search):
    """`steps` moves along the slope of D, from where it starts.

    The slope is taken in float32 at least and without autocast, like those of penalties.

    Args:
        limit: each number of a slope is cut to [-limit, limit] (Du and Mordatch 2019, their code: 0.01); null: none is.
        bounded: whether every move ends with the projection to [-1, 1], where images live.
    """

    def __init__(self, *, limit: float | None, bounded: bool) -> None:
        self.limit, self.bounded = limit, bounded

    @final
    def __call__(self, critic: Critic, start: Tensor, steps: int, draw: Draw) -> Tensor:
        x, shape = start.detach(), tuple(start.shape[1:])
        for step in range(steps):
            slope = slopes(critic, x)
            if self.limit is not None:
                slope = slope.clamp(-self.limit, self.limit)
            x = self.move(x, slope, lambda step=step: draw(f"step {step}", shape, "normal"))
            if self.bounded:
                x = x.clamp(-1, 1)
        return x

    @abstractmethod
    def move(self, x: Tensor, slope: Tensor, draw: Noise) -> Tensor:
        """The next x [n, *shape], from D's slope [n, *shape] there; `draw()` is N(0, I) of this step, [n, *shape]."""


def slopes(critic: Critic, x: Tensor) -> Tensor:
    """grad_x D(x) [n, *shape] at x [n, *shape]; no graph of it is kept."""
    x = x.detach().to(torch.promote_types(x.dtype, torch.float32)).requires_grad_()
    with torch.autocast(x.device.type, enabled=False), torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(x).sum(), x, materialize_grads=True)
    return slope
