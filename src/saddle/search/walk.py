"""A search that goes from x to x along D's slope."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
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
        bounded: whether every move ends with the projection to [-1, 1], where images live.
    """

    def __init__(self, *, bounded: bool) -> None:
        self.bounded = bounded

    @final
    def __call__(self, critic: Critic, start: Tensor, steps: int, draw: Draw) -> Tensor:
        x, shape = start.detach(), tuple(start.shape[1:])
        for step in range(steps):
            x = self.move(x, slopes(critic, x), partial(draw, f"step {step}", shape, "normal"))
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
