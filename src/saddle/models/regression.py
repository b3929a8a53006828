"""The generator alone: a network from codes to images that learns by regression, without a discriminator."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from saddle.distributed.collectives import gathered
from saddle.models.average import averaged
from saddle.models.drawing import DrawingModel


class RegressionModel(DrawingModel, ABC):
    """G learns to draw given images x from codes of theirs; rules differ in where the codes come from (lecture I.2).

    An update is one step of all players on `batch_size` reals in the order of epochs.

    Attributes:
        networks: what `sample` needs, by name; averaged together.
        batch_size: m, over all devices together.
    """

    networks: nn.ModuleDict
    batch_size: int

    def keep(self, networks: dict[str, nn.Module], half_life: float | None, ramp: float) -> None:
        """These are the `networks`, with an average of `half_life` images (`Average`), or none."""
        self.networks = nn.ModuleDict(networks)
        self.averaged = averaged(self.networks, half_life=half_life, ramp=ramp, images=self.batch_size)

    @abstractmethod
    def codes_of(self, seed: int, positions: range) -> Tensor:
        """The codes [len(positions), code_size] that belong to the training samples there, without gradients."""

    @abstractmethod
    def objective(self, update: int, x: Tensor, labels: Tensor | None) -> Tensor:
        """For x [share, *shape] and their labels [share]: the losses [share] whose mean the players minimise."""

    def iterate(self, update: int) -> None:
        self.set_rates(update)
        x, labels = self.reals(update, self.batch_size), self.labels_of_reals(update, self.batch_size)
        self.descend(self.objective(update, x, labels))
        if self.averaged is not None:
            self.averaged.update(update)

    def descend(self, losses: Tensor, *own: Tensor) -> None:
        """One step of all players down the mean of all ranks' losses [share]; `own` as for `step`."""
        (together,) = gathered(losses)  # [batch_size]
        loss = together.mean()
        norms = self.step(loss, *self.players, own=own)
        gradients = {f"gradient_{player.name}": norm for player, norm in zip(self.players, norms, strict=True)}
        self.log_mean(loss_generator=loss, **gradients)

    @property
    def real_per_update(self) -> int:
        return self.batch_size

    def parts(self) -> dict[str, nn.Module]:
        return dict(self.networks)

    def sampling_module(self) -> nn.ModuleDict:
        kept = self.networks if self.averaged is None else self.averaged.module
        assert isinstance(kept, nn.ModuleDict)
        return kept

    def decoder(self) -> nn.Module:
        return self.sampling_module()["generator"]


def squared_error(x: Tensor, drawn: Tensor) -> Tensor:
    """Mean over all numbers of x [count, *shape] of the squared difference: [count], in float32 at least."""
    difference = x - drawn.to(torch.promote_types(drawn.dtype, torch.float32))
    return difference.square().flatten(1).mean(1)
