"""A generator that learns beside an encoder: a code is what the encoder makes of an image."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from saddle.models.player import Player
from saddle.models.regression import RegressionModel


class EncodingModel(RegressionModel, ABC):
    """Its encoder is a discriminator's body whose outputs are parameters of a code.

    Attributes:
        code_parameters: outputs of the encoder for each dimension of a code.
        e: the encoder.
    """

    code_parameters = 1
    e: Player

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The codes [count, code_size] of x [count, *shape], in evaluation mode, without gradients."""

    def encoded(self, x: Tensor) -> Tensor:
        """The outputs [count, code_parameters code_size] of the encoder in training, in float32 at least."""
        return _wide(self.e(x))

    @torch.no_grad()
    def outputs(self, x: Tensor) -> Tensor:
        """The same of the encoder that is kept, in evaluation mode."""
        encoder = self.sampling_module()["encoder"]
        training = encoder.training
        encoder.eval()
        try:
            return _wide(encoder(x))
        finally:
            encoder.train(training)

    def codes_of(self, seed: int, positions: range) -> Tensor:
        return self.encode(self.data.sample(seed, positions, self.device))


def _wide(outputs: Tensor) -> Tensor:
    return outputs.to(torch.promote_types(outputs.dtype, torch.float32))
