"""An encoder and a generator that learn to reconstruct images; samples need the generator alone (lecture I.2.2)."""

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.data.classes import Classes
from saddle.models.code_gaussian import CodeGaussian, codes_in
from saddle.models.learning import Player
from saddle.models.regression import EncodingModel, squared_error


class Autoencoder(EncodingModel):
    r"""E and G minimise E_x |G(E(x)) - x|^2 / dim(x) (Hinton and Salakhutdinov 2006).

    The objective does not fix the distribution of the codes. G is sampled with codes of a Gaussian that is fitted to
    the codes of training (`CodeGaussian`): if these are not Gaussian, a sampled code may be in a region in which G was
    never trained.

    Args:
        encoder: network from x to latent codes.
        generator: network from codes, and labels if there are classes, to x.
        classes: classes of the labels; None: G receives no labels.
        batch_size: m, over all devices together.
        code_size: dimensions of a latent code.
        seed: seed of the data order.
        codes_half_life: half-life of the fitted Gaussian, in images.
        average_half_life, average_ramp: settings of the averaged networks, in images that they learned from
            (`Average`).
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
        super().__init__(
            players=[encoder, generator],
            code_gaussian=CodeGaussian(size=code_size, half_life=codes_half_life, ramp=average_ramp, images=batch_size),
            classes=classes,
            batch_size=batch_size,
            code_size=code_size,
            prior_distribution="fitted",
            seed=seed,
            average_half_life=average_half_life,
            average_ramp=average_ramp,
        )

    def objective(self, update: int, x: Tensor, labels: Tensor | None) -> Tensor:
        codes = self.encoded(x)  # [share, code_size]
        codes_in(self.networks).update(update, codes)
        return squared_error(x, self.g(codes, labels))

    def to_prior(self, base_noise: Tensor) -> Tensor:
        return codes_in(self.sampling_module()).codes(base_noise)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        return self.outputs(x)
