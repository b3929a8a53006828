"""An encoder and a generator that learn to give images back; the generator is sampled by itself (lecture I.2.2)."""

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.data.classes import Classes
from saddle.models.code_gaussian import CodeGaussian, codes_in
from saddle.models.encoding import EncodingModel
from saddle.models.player import Player
from saddle.models.regression import squared_error


class Autoencoder(EncodingModel):
    r"""E and G minimise E_x |G(E(x)) - x|^2 / dim(x) (Hinton and Salakhutdinov 2006).

    Nothing says how the codes are distributed. G is sampled with codes of a Gaussian fitted to them, N(mean,
    covariance) of the codes that went by in training (`CodeGaussian`): where they are not Gaussian, such a code may lie
    where G has never learned anything.

    Args:
        encoder: x to codes.
        generator: codes, and labels if there are classes, to x.
        classes: what the labels of the data mean; None: G is told none.
        batch_size: m, over all devices together.
        code_size: dimensions of a code.
        seed: of the data order.
        codes_half_life: of the fitted Gaussian, in images.
        average_half_life, average_ramp: of the averaged networks, in images that they learned from (`Average`).
    """

    def __init__(
        self,
        *,
        encoder: Player,
        generator: Player,
        classes: Classes | None,
        batch_size: PositiveInt,
        code_size: PositiveInt,
        seed: NonNegativeInt,
        codes_half_life: PositiveFloat,
        average_half_life: PositiveFloat | None,
        average_ramp: PositiveFloat,
    ) -> None:
        super().__init__()
        self.e, self.g = self.players = (encoder, generator)
        self.classes, self.batch_size, self.seed = classes, batch_size, seed
        self.code_size, self.prior_distribution = code_size, "fitted"
        moments = CodeGaussian(size=code_size, half_life=codes_half_life, ramp=average_ramp, images=batch_size)
        networks = {"encoder": encoder.network, "generator": generator.network, "codes": moments}
        self.keep(networks, average_half_life, average_ramp)

    def objective(self, update: int, x: Tensor, labels: Tensor | None) -> Tensor:
        codes = self.encoded(x)  # [share, code_size]
        codes_in(self.networks).update(update, codes)
        return squared_error(x, self.g(codes, labels))

    def to_prior(self, base_noise: Tensor) -> Tensor:
        return codes_in(self.sampling_module()).codes(base_noise)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        return self.outputs(x)
