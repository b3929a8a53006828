"""The base class of searches along the gradient of D."""

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
    """`steps` steps along the gradient of D.

    The gradient is computed in float32 at least and without autocast, like those of penalties.

    Args:
        bounded: whether every step is projected to [-1, 1], the range of images.
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
        """The next x [n, *shape], from D's gradient `slope` [n, *shape] at x; `draw()` is N(0, I), [n, *shape]."""


def slopes(critic: Critic, x: Tensor) -> Tensor:
    """grad_x D(x) [n, *shape] at x [n, *shape], without a graph."""
    x = x.detach().to(torch.promote_types(x.dtype, torch.float32)).requires_grad_()
    with torch.autocast(x.device.type, enabled=False), torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(x).sum(), x, materialize_grads=True)
    return slope
