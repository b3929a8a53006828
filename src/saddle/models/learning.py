"""What models that learn from batches by gradient have in common: batches and steps."""

from abc import ABC
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from saddle.data.classes import Classes
from saddle.distributed.world import share
from saddle.models.average import Average
from saddle.models.base import GenerativeModel
from saddle.models.player import Player
from saddle.noise import drawn_labels, noise


class LearningModel(GenerativeModel, ABC):
    """A model that learns from batches: this rank's share of each is a part of the same batch for all ranks.

    What a step sees (reals, labels, codes) is a function of (seed, step, index), on any number of devices.

    Attributes:
        seed: of the codes, the labels and the data order.
        classes: of the samples, for a conditional model.
        players: the networks that learn, in the order in which an update moves them.
        averaged: of the networks that `sample` draws with.
    """

    seed: int
    classes: Classes | None
    players: Sequence[Player]
    averaged: Average | None

    def configure_optimizers(self) -> list[Optimizer]:
        if self.averaged is not None:
            self.averaged.refer()
        return [player.create_optimizer() for player in self.players]

    def set_rates(self, update: int) -> None:
        """The learning rate of each player in `update`."""
        for player in self.players:
            rate = player.set_rate(update)
            if player.schedule.varies:
                self.log_mean(**{f"rate_{player.name}": torch.tensor(rate)})

    def step(self, loss: Tensor, *players: Player, own: Sequence[Tensor] = ()) -> list[Tensor]:
        """One step of these players, whose parameters alone receive gradients; returns the gradients' norms, [] each.

        `own` are tensors of this rank's samples that receive gradients besides; they are no parameters.

        The strategy of several devices averages these gradients in `manual_backward`: the norm is that of all samples.
        It is taken, and looked at, before the gradient is clipped.

        Raises:
            DivergedError: the loss or a norm is not finite; no step is taken.
        """
        for player in players:
            player.clear()
        self.manual_backward(loss, inputs=[*(parameter for player in players for parameter in player.parameters), *own])
        norms = [player.norm() for player in players]
        for player, norm in zip(players, norms, strict=True):
            self.guard.look(player.name, self.updates + 1, loss, norm)
        for player, norm in zip(players, norms, strict=True):
            player.clip(norm)
            self._take(player)
        return norms

    def _take(self, player: Player) -> None:
        """The optimiser's step: through Lightning's wrapper, which counts it in `global_step`, of the last player only.

        The others' go through the strategy, so that Lightning's clock, too, counts updates.
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
        """Those of `reals(batch, size)`, int64 [share]; None if nobody is told any."""
        if self.classes is None:
            return None
        return self.data.labels(self.seed, positions(batch, size), self.device)

    def labels(self, stream: str, step: int, size: int) -> Tensor | None:
        """Fresh labels for a step, each class as often as in the training set, int64 [share]; None without classes."""
        if self.classes is None:
            return None
        counts = list(self.classes.counts.values())
        return drawn_labels(self.seed, stream, step, share(size), counts).to(self.device)

    def numbers(self, stream: str, step: int, size: int, shape: tuple[int, ...], distribution: str) -> Tensor:
        """Fresh random numbers for each sample of a step: [share, *shape]."""
        return noise(self.seed, stream, step, share(size), shape, distribution).to(self.device)


def positions(batch: int, size: int) -> range:
    """Where this rank's share of batch number `batch` stands in the sequence of epochs."""
    own, start = share(size), batch * size
    return range(start + own.start, start + own.stop)
