"""One code for each training image: fixed and random (lecture I.2.1), or learned (GLO)."""

from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from saddle.data.classes import Classes
from saddle.distributed.collectives import joined
from saddle.models.code_gaussian import CodeGaussian, codes_in
from saddle.models.learning import Player, positions
from saddle.models.regression import RegressionModel, squared_error
from saddle.noise import noise


class FixedCode(RegressionModel):
    r"""G minimises E_i |G(z_i) - x_i|^2 / dim(x), with one code z_i for each training image x_i.

    `codes=random`: z_i is drawn once from the prior, and G is sampled with codes of the prior. Codes that are close
    together then belong to unrelated images, and G has to memorise each image; between codes it draws averages.

    `codes=learned` is generative latent optimisation (Bojanowski et al. 2018): the codes start on the unit sphere and
    descend together with G, projected to the unit ball after each step,

    $$ z_i \leftarrow \Pi(z_i - rate \cdot \partial_{z_i} |G(z_i) - x_i|^2 / dim(x)), $$

    and G is sampled with codes of a Gaussian fitted to them. (The paper adds an L1 loss on a Laplacian pyramid and
    starts at principal components; here the objective of G is that of the other models.)

    Args:
        generator: network from codes, and labels if there are classes, to x.
        classes: classes of the labels; None: G receives no labels.
        samples: number of training images; None if it is infinite, 0 for a model that only samples.
        batch_size: m, over all devices together.
        code_size: dimensions of a latent code.
        prior: distribution of random codes; learned codes have none.
        seed: seed of the codes and of the data order.
        codes: `random` or `learned`, see above.
        code_rate: learning rate of learned codes.
        codes_half_life: half-life of the fitted Gaussian, in images (`CodeGaussian`).
        average_half_life, average_ramp: settings of the averaged generator, in images that G learned from (`Average`).

    Raises:
        ValueError: the number of training images is infinite, or random codes have no prior.
    """

    table: Tensor
    finite = True

    def __init__(
        self,
        *,
        generator: Player,
        classes: Classes | None,
        samples: NonNegativeInt | None,
        batch_size: PositiveInt,
        code_size: PositiveInt,
        prior: Literal["normal", "uniform"] | None,
        seed: NonNegativeInt,
        codes: Literal["random", "learned"],
        code_rate: PositiveFloat,
        codes_half_life: PositiveFloat,
        average_half_life: PositiveFloat | None,
        average_ramp: PositiveFloat,
    ) -> None:
        learned = codes == "learned"
        if samples is None:
            raise ValueError("a fixed code for each training image needs a finite number of training images")
        if not learned and prior is None:
            raise ValueError("model.prior=null: random codes are drawn from a prior; set it to normal or uniform")
        moments = CodeGaussian(size=code_size, half_life=codes_half_life, ramp=average_ramp, images=batch_size)
        super().__init__(
            players=[generator],
            code_gaussian=moments if learned else None,
            classes=classes,
            batch_size=batch_size,
            code_size=code_size,
            prior_distribution="fitted" if learned or prior is None else prior,
            seed=seed,
            average_half_life=average_half_life,
            average_ramp=average_ramp,
        )
        self.learned, self.code_rate = learned, code_rate
        distribution = "normal" if learned or prior is None else prior
        table = noise(seed, "fixed codes", 0, range(samples), (code_size,), distribution)
        self.register_buffer("table", nn.functional.normalize(table) if learned else table, persistent=learned)

    def rows(self, update: int) -> Tensor:
        """The indices of the images in this rank's share of the batch of `update`, int64 [share]."""
        return self.data.rows(self.seed, positions(update, self.batch_size)).to(self.device)

    def objective(self, update: int, x: Tensor, labels: Tensor | None) -> Tensor:
        return squared_error(x, self.g(self.table[self.rows(update)], labels))

    def take_steps(self, update: int) -> None:
        if not self.learned:
            super().take_steps(update)
            return
        x, labels = self.reals(update, self.batch_size), self.labels_of_reals(update, self.batch_size)
        codes = self.table[self.rows(update)].requires_grad_()  # [share, code_size]
        self.descend(squared_error(x, self.g(codes, labels)), codes)
        self.move(update, codes)

    @torch.no_grad()
    def move(self, update: int, codes: Tensor) -> None:
        """Move the codes of a batch down their own gradients; every rank moves the codes of all ranks."""
        assert codes.grad is not None
        moved = codes - self.code_rate * len(codes) * codes.grad  # len(codes): each code descends its own error
        moved = moved / moved.norm(dim=1, keepdim=True).clamp(min=1)
        whole = range(update * self.batch_size, (update + 1) * self.batch_size)
        self.table[self.data.rows(self.seed, whole).to(self.device)] = joined(moved)
        codes_in(self.networks).update(update, moved)

    def to_prior(self, base_noise: Tensor) -> Tensor:
        return codes_in(self.sampling_module()).codes(base_noise) if self.learned else base_noise

    def codes_of(self, seed: int, positions: range) -> Tensor:
        return self.table[self.data.rows(seed, positions).to(self.device)]
