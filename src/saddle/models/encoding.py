"""The base class of models whose generator learns together with an encoder."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from saddle.models.base import evaluating
from saddle.models.learning import Player
from saddle.models.regression import RegressionModel


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


def _float32(outputs: Tensor) -> Tensor:
    return outputs.to(torch.promote_types(outputs.dtype, torch.float32))
