"""The generator alone: a network from codes to images that learns by regression, without a discriminator."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.data.classes import Classes
from saddle.distributed.collectives import gathered
from saddle.models.average import averaged
from saddle.models.base import CodedModel, evaluating
from saddle.models.code_gaussian import CodeGaussian
from saddle.models.learning import LearningModel, Player


class RegressionModel(LearningModel, CodedModel, ABC):
    """G learns to reconstruct each real x from a latent code of x; the models differ in these codes (lecture I.2).

    An update is one step of all players on `batch_size` reals in the order of epochs.

    Args:
        players: the networks that learn, the generator last.
        code_gaussian: Gaussian that is fitted to the codes; None for a model whose prior is known.
        classes, batch_size, seed: see `LearningModel`.
        code_size, prior_distribution: see `CodedModel`.
        average_half_life, average_ramp: settings of the averaged networks, in images that they learned from
            (`Average`).

    Attributes:
        g: the generator.
        networks: all modules that `sample` needs, by name; averaged together.
    """

    def __init__(
        self,
        *,
        players: Sequence[Player],
        code_gaussian: CodeGaussian | None,
        classes: Classes | None,
        batch_size: int,
        code_size: int,
        prior_distribution: str,
        seed: int,
        average_half_life: float | None,
        average_ramp: float,
    ) -> None:
        super().__init__(players=players, classes=classes, batch_size=batch_size, seed=seed)
        self.g, self.code_size, self.prior_distribution = players[-1], code_size, prior_distribution
        self.networks = nn.ModuleDict({player.name: player.network for player in players})
        if code_gaussian is not None:
            self.networks["codes"] = code_gaussian
        self.averaged = averaged(self.networks, half_life=average_half_life, ramp=average_ramp, images=batch_size)

    @abstractmethod
    def codes_of(self, seed: int, positions: range) -> Tensor:
        """The codes [len(positions), code_size] of the training samples at `positions`, without gradients."""

    @abstractmethod
    def objective(self, update: int, x: Tensor, labels: Tensor | None) -> Tensor:
        """For x [share, *shape] and their labels [share]: the losses [share] whose mean the players minimise."""

    def take_steps(self, update: int) -> None:
        x, labels = self.reals(update, self.batch_size), self.labels_of_reals(update, self.batch_size)
        self.descend(self.objective(update, x, labels))

    def descend(self, losses: Tensor, *extra_inputs: Tensor) -> None:
        """One step of all players down the mean of all ranks' losses [share]; `extra_inputs` as for `step`."""
        (losses,) = gathered(losses)  # [batch_size]
        loss = losses.mean()
        norms = self.step(loss, *self.players, extra_inputs=extra_inputs)
        gradients = {f"gradient_{player.name}": norm for player, norm in zip(self.players, norms, strict=True)}
        self.log_mean(loss_generator=loss, **gradients)

    @property
    def real_per_update(self) -> int:
        return self.batch_size

    def parts(self) -> dict[str, nn.Module]:
        return dict(self.networks)

    def sampling_module(self) -> nn.ModuleDict:
        networks = self.networks if self.averaged is None else self.averaged.module
        assert isinstance(networks, nn.ModuleDict)
        return networks

    def decoder(self) -> nn.Module:
        return self.sampling_module()["generator"]


class EncodingModel(RegressionModel, ABC):
    """A model whose first player is an encoder: a discriminator's body that outputs the parameters of a latent code.

    Attributes:
        code_parameters: outputs of the encoder for each dimension of a code.
    """

    code_parameters = 1

    @property
    def e(self) -> Player:
        """The encoder."""
        return self.players[0]

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The codes [count, code_size] of x [count, *shape], in evaluation mode, without gradients."""

    def encoded(self, x: Tensor) -> Tensor:
        """The outputs [count, code_parameters code_size] of the encoder in training, in float32 at least."""
        return _float32(self.e(x))

    @torch.no_grad()
    def outputs(self, x: Tensor) -> Tensor:
        """The same outputs of the encoder in `sampling_module`, in evaluation mode."""
        with evaluating(self.sampling_module()["encoder"]) as encoder:
            return _float32(encoder(x))

    def codes_of(self, seed: int, positions: range) -> Tensor:
        return self.encode(self.data.sample(seed, positions, self.device))


def squared_error(x: Tensor, decoded: Tensor) -> Tensor:
    """The squared difference, averaged over all entries of x [count, *shape]: [count], in float32 at least."""
    return (x - _float32(decoded)).square().flatten(1).mean(1)


def _float32(outputs: Tensor) -> Tensor:
    return outputs.to(torch.promote_types(outputs.dtype, torch.float32))
