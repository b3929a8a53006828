"""A generator that learns together with an encoder, whose outputs are the latent codes of images."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from saddle.data.classes import Classes
from saddle.models.code_gaussian import CodeGaussian
from saddle.models.learning import Player
from saddle.models.regression import RegressionModel


class EncodingModel(RegressionModel, ABC):
    """The encoder is a discriminator's body whose outputs are parameters of a latent code.

    Args:
        encoder: network from x to the parameters of its code.
        generator: network from codes, and labels if there are classes, to x.
        code_gaussian, ..., average_ramp: see `RegressionModel`.

    Attributes:
        code_parameters: outputs of the encoder for each dimension of a code.
        e: the encoder.
    """

    code_parameters = 1

    def __init__(
        self,
        *,
        encoder: Player,
        generator: Player,
        code_gaussian: CodeGaussian | None,
        classes: Classes | None,
        batch_size: int,
        code_size: int,
        prior_distribution: str,
        seed: int,
        average_half_life: float | None,
        average_ramp: float,
    ) -> None:
        super().__init__(
            players=[encoder, generator],
            code_gaussian=code_gaussian,
            classes=classes,
            batch_size=batch_size,
            code_size=code_size,
            prior_distribution=prior_distribution,
            seed=seed,
            average_half_life=average_half_life,
            average_ramp=average_ramp,
        )
        self.e = encoder

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The codes [count, code_size] of x [count, *shape], in evaluation mode, without gradients."""

    def encoded(self, x: Tensor) -> Tensor:
        """The outputs [count, code_parameters code_size] of the encoder in training, in float32 at least."""
        return _float32(self.e(x))

    @torch.no_grad()
    def outputs(self, x: Tensor) -> Tensor:
        """The same outputs of the encoder that `sampling_module` holds, in evaluation mode."""
        encoder = self.sampling_module()["encoder"]
        training = encoder.training
        encoder.eval()
        try:
            return _float32(encoder(x))
        finally:
            encoder.train(training)

    def codes_of(self, seed: int, positions: range) -> Tensor:
        return self.encode(self.data.sample(seed, positions, self.device))


def _float32(outputs: Tensor) -> Tensor:
    return outputs.to(torch.promote_types(outputs.dtype, torch.float32))
