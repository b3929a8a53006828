"""A network, and how it learns: one side of a game, or the whole of what learns."""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.models.compilation import compiled_network
from saddle.schedules.base import Schedule

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class Player:
    """A network that plays, its optimiser, and the learning rate of each update.

    Args:
        name: which one it is.
        network: what it plays with; conditional if it was built with a number of classes.
        make_optimizer: from parameters to an optimiser.
        schedule: of the learning rate, as a fraction of the optimiser's own.
        clip_norm: a gradient with a larger norm, over all parameters, is scaled down to it (Pascanu et al. 2013); null:
            none is.
        compiled: whether calls of the player run code that `torch.compile` makes of the network.
    """

    def __init__(
        self,
        *,
        name: Literal["generator", "discriminator", "encoder"],
        network: nn.Module,
        make_optimizer: MakeOptimizer,
        schedule: Schedule,
        clip_norm: float | None,
        compiled: bool,
    ) -> None:
        self.name, self.network, self.make_optimizer = name, network, make_optimizer
        self.schedule, self.clip_norm = schedule, clip_norm
        self._play = compiled_network(network) if compiled else network

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The network's output; one that is not conditional takes no labels."""
        return call_network(self._play, x, labels)

    def create_optimizer(self) -> Optimizer:
        """A fresh optimiser for all parameters, wherever the network lies by now.

        The rates that it is made with are kept: a stored state brings those of its update back.
        """
        self.parameters = list(self.network.parameters())
        self.optimizer = self.make_optimizer(self.parameters)
        self._full: list[float] = [group["lr"] for group in self.optimizer.param_groups]
        return self.optimizer

    def set_rate(self, update: int) -> float:
        """The learning rate, in each group of parameters, for all steps of `update`; returns that of the first."""
        fraction = self.schedule(update)
        for group, full in zip(self.optimizer.param_groups, self._full, strict=True):
            group["lr"] = fraction * full
        return fraction * self._full[0]

    def clear(self) -> None:
        """No gradients are left."""
        for parameter in self.parameters:
            parameter.grad = None

    def norm(self) -> Tensor:
        """Of the gradient over all parameters: []."""
        return torch.nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])

    def clip(self, norm: Tensor) -> None:
        """Scale the gradient, whose norm this is, down to `clip_norm`."""
        if self.clip_norm is not None:
            torch.nn.utils.clip_grads_with_norm_(self.parameters, self.clip_norm, norm)


def call_network(network: Callable[..., Tensor], x: Tensor, labels: Tensor | None) -> Tensor:
    """The network's output for x; labels, if there are any, are told to it."""
    return network(x) if labels is None else network(x, labels)
