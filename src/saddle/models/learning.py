"""Players, and the models in which they learn from batches by gradient descent: batches and optimiser steps."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.data.classes import Classes
from saddle.distributed.world import share
from saddle.models.average import Average
from saddle.models.base import GenerativeModel
from saddle.models.compilation import compiled_network
from saddle.models.divergence import diverged
from saddle.noise import drawn_labels, noise
from saddle.schedules.base import Schedule

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class Player:
    """A network that learns, its optimiser, and its learning rate in each update.

    Args:
        name: role of the network in the model.
        network: the network; conditional if it was built with a number of classes.
        make_optimizer: function from parameters to an optimiser.
        schedule: learning rate of each update, as a fraction of the optimiser's own.
        clip_norm: largest norm of the gradient over all parameters; a larger gradient is scaled down to it (Pascanu et
            al. 2013). null: gradients are not clipped.
        compiled: whether the player calls the network through `torch.compile`.
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
        self._forward = compiled_network(network) if compiled else network

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The network's output; a network that is not conditional takes no labels."""
        return call_network(self._forward, x, labels)

    def create_optimizer(self) -> Optimizer:
        """A fresh optimiser for all parameters, on the device on which the network is now.

        The player remembers the initial learning rates, because a stored state restores those of its own update.
        """
        self.parameters = list(self.network.parameters())
        self.optimizer = self.make_optimizer(self.parameters)
        self._initial_rates: list[float] = [group["lr"] for group in self.optimizer.param_groups]
        return self.optimizer

    def set_rate(self, update: int) -> float:
        """Set the learning rate of all steps of `update` in each parameter group; returns that of the first group."""
        fraction = self.schedule(update)
        for group, initial in zip(self.optimizer.param_groups, self._initial_rates, strict=True):
            group["lr"] = fraction * initial
        return fraction * self._initial_rates[0]

    def clear_gradients(self) -> None:
        """Remove all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def gradient_norm(self) -> Tensor:
        """The norm [] of the gradient over all parameters."""
        return torch.nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])

    def clip(self, norm: Tensor) -> None:
        """Scale the gradient, whose norm is `norm`, down to `clip_norm`."""
        if self.clip_norm is not None:
            torch.nn.utils.clip_grads_with_norm_(self.parameters, self.clip_norm, norm)


def call_network(network: Callable[..., Tensor], x: Tensor, labels: Tensor | None) -> Tensor:
    """The output of a network for x, and for labels if there are any."""
    return network(x) if labels is None else network(x, labels)


class LearningModel(GenerativeModel, ABC):
    """A model that learns from batches; each rank holds its share of every batch.

    Everything that a step draws (reals, labels, codes) is a function of (seed, step, index) on any number of devices.

    Args:
        players: the networks that learn, in the order in which an update moves them.
        classes: classes of the samples, for a conditional model; None for other models.
        batch_size: m, reals in one step, over all devices together.
        seed: seed of the codes, the labels and the data order.

    Attributes:
        averaged: running average of the networks that `sample` draws with; None if there is none.
    """

    averaged: Average | None

    def __init__(self, *, players: Sequence[Player], classes: Classes | None, batch_size: int, seed: int) -> None:
        super().__init__()
        self.players, self.classes, self.batch_size, self.seed = tuple(players), classes, batch_size, seed
        self._unchecked: list[tuple[str, int, Tensor, Tensor]] = []  # name, update, loss [], gradient norm []

    def configure_optimizers(self) -> list[Optimizer]:
        if self.averaged is not None:
            self.averaged.refer()
        return [player.create_optimizer() for player in self.players]

    def iterate(self, update: int) -> None:
        self.set_rates(update)
        self.take_steps(update)
        if self.averaged is not None:
            self.averaged.update(update)

    @abstractmethod
    def take_steps(self, update: int) -> None:
        """The steps of all players in `update`, counted from 0."""

    def set_rates(self, update: int) -> None:
        """Set the learning rate of each player for `update`."""
        for player in self.players:
            rate = player.set_rate(update)
            if player.schedule.varies:
                self.log_mean(**{f"rate_{player.name}": torch.tensor(rate)})

    def step(self, loss: Tensor, *players: Player, extra_inputs: Sequence[Tensor] = ()) -> list[Tensor]:
        """One step of these players, whose parameters alone receive gradients; returns the gradients' norms, [] each.

        `extra_inputs` are tensors of this rank's samples that also receive gradients; they are not parameters.

        The strategy of several devices averages these gradients in `manual_backward`, so the norm is that of all
        samples. It is taken and checked before the gradient is clipped.

        Raises:
            DivergedError: the loss or a norm is not finite; no step is taken.
        """
        for player in players:
            player.clear_gradients()
        inputs = [*(parameter for player in players for parameter in player.parameters), *extra_inputs]
        self.manual_backward(loss, inputs=inputs)
        norms = [player.gradient_norm() for player in players]
        for player, norm in zip(players, norms, strict=True):
            self._check_finite(player, loss, norm)
        for player, norm in zip(players, norms, strict=True):
            player.clip(norm)
            self._optimizer_step(player)
        return norms

    def _check_finite(self, player: Player, loss: Tensor, norm: Tensor) -> None:
        """Refuse a step that would corrupt the weights, on a CPU before it is taken.

        On other devices this would synchronise in every step, so `check_pending_steps` fetches the numbers of several
        steps together, before anything is measured or stored.
        """
        if loss.device.type != "cpu":
            self._unchecked.append((player.name, self.updates + 1, loss.detach(), norm))
        elif not (isfinite(loss.item()) and isfinite(norm.item())):
            raise diverged(player.name, self.updates + 1, loss.item(), norm.item())

    def check_pending_steps(self) -> None:
        steps, self._unchecked = self._unchecked, []
        if not steps:
            return
        numbers = torch.stack([number.double() for *_, loss, norm in steps for number in (loss, norm)]).tolist()
        for (name, update, *_), loss, norm in zip(steps, numbers[::2], numbers[1::2], strict=True):
            if not (isfinite(loss) and isfinite(norm)):
                raise diverged(name, update, loss, norm)

    def _optimizer_step(self, player: Player) -> None:
        """The optimiser's step; only the last player's goes through Lightning's wrapper, which counts `global_step`.

        The others go through the strategy, so that Lightning's clock counts updates, too.
        """
        if player is not self.players[-1]:
            self.trainer.strategy.optimizer_step(player.optimizer, lambda: None)
            return
        wrapped = self.optimizers()
        (wrapped[-1] if isinstance(wrapped, list) else wrapped).step()

    def reals(self, batch: int, size: int) -> Tensor:
        """Batch number `batch`, which may be negative, of `size` reals in the order of epochs: [share, *shape]."""
        return self.data.sample(self.seed, positions(batch, size), self.device)

    def labels_of_reals(self, batch: int, size: int) -> Tensor | None:
        """The labels of `reals(batch, size)`, int64 [share]; None for a model that is not conditional."""
        if self.classes is None:
            return None
        return self.data.labels(self.seed, positions(batch, size), self.device)

    def labels(self, stream: str, step: int, size: int) -> Tensor | None:
        """Fresh labels for a step, each class as often as in the training set, int64 [share]; None without classes."""
        if self.classes is None:
            return None
        counts = list(self.classes.counts.values())
        return drawn_labels(self.seed, stream, step, share(size), counts).to(self.device)

    def draw(self, purpose: str, step: int) -> Callable[[str, tuple[int, ...], str], Tensor]:
        """A function from (stream, shape, distribution) to noise for the samples of a step, in streams of its own."""
        return lambda stream, shape, distribution: self.noise(
            f"{purpose} {stream}", step, self.batch_size, shape, distribution
        )

    def noise(self, stream: str, step: int, size: int, shape: tuple[int, ...], distribution: str) -> Tensor:
        """Fresh random numbers for each sample of a step: [share, *shape]."""
        return noise(self.seed, stream, step, share(size), shape, distribution).to(self.device)


def positions(batch: int, size: int) -> range:
    """The positions of this rank's share of batch number `batch` in the sequence of epochs."""
    ours, start = share(size), batch * size
    return range(start + ours.start, start + ours.stop)
