"""A discriminator without a generator (lecture I.3): negatives and samples are x that it scores high."""

from collections.abc import Sequence

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from saddle.distributed.collectives import gathered
from saddle.losses.base import Loss
from saddle.models.average import averaged
from saddle.models.discriminating import DiscriminatingModel, as_logits, scoring
from saddle.models.learning import Player
from saddle.noise import BLOCK, noise
from saddle.penalties.base import Penalty
from saddle.search.base import Negatives, Search


class DiscriminatorAlone(DiscriminatingModel):
    r"""D minimises its own term of the loss on reals and on negatives: examples that are not real.

    In each round D takes `d_steps` steps on `batch_size` fresh reals and as many negatives.

    Positives only (`negatives` null): D learns from the logits of reals alone; those of negatives are fixed at 0. The
    optimum is "1 everywhere", which distinguishes nothing.

    Random negatives: D* is the loss's optimum for log(P_data / uniform). D learns nothing about images that are
    neither; their scores are arbitrary.

    The lecture's loop: negatives are the results of the search for the D of that step. With a search that samples
    q = exp(D / T) / Z (`Langevin` in its limit, `Enumeration`), a fixed point of the round is a D that is optimal
    against its own negatives.

    - `wasserstein`, D's term E_q D - E_p D: the gradient is T times that of -E_p log q, because
      $\partial_\theta \log Z = E_q \partial_\theta D / T$. The loop is then maximum likelihood of an energy-based model
      (contrastive divergence: Hinton 2002) and ends at q = p, D = T log p + c.
    - A loss whose optimum is the log ratio, D* = log(p / q) (`minimax`, `nonsaturating`, `f_kl`, ...): D = log p -
      D / T + c, hence $D = \frac{T}{1 + T} \log p + c$ and $q \propto p^{1 / (1 + T)}$: flatter than the data, and
      equal to it only in the limit T to 0. That limit is the lecture's argmax: D is then constant on the data and lower
      elsewhere, its argmax is a set, and "in the end" it scores a real and a search result alike.

    (See `experiments/_lib/saddle_studies/theory/alone.py`, also for the convergence of the loop: trained to the optimum
    against the newest negatives alone, it does not converge for T <= 1.) A chain of 20 steps is far from q, so on
    images D adapts to the chain rather than to q (Nijkamp et al. 2019).

    `sample` is a search from fresh noise, in `sample_steps` steps, with the averaged D if there is one. It needs one
    gradient of D for each step: the lecture's "argmax is hard".

    Args:
        discriminator: x [batch, *shape] to logits [batch, 1].
        loss: loss whose term for D is minimised.
        penalty: term that D minimises in addition, as in a game; without negatives both sides are reals.
        search: from starting points to points that D scores high.
        negatives: negatives of each step; null: none.
        sample_steps: steps of the search that draws a sample.
        shape: shape of x.
        batch_size: m, reals and negatives in one step, over all devices together.
        d_steps: steps in one round.
        seed: seed of the data order and of all noise.
        average_half_life, average_ramp: settings of the averaged D, in reals (`Average`).

    Raises:
        ValueError: D couples the samples of a batch.
    """

    one_by_one = True

    def __init__(
        self,
        *,
        discriminator: Player,
        loss: Loss,
        penalty: Penalty | None,
        search: Search,
        negatives: Negatives | None,
        sample_steps: PositiveInt,
        shape: list[PositiveInt],
        batch_size: PositiveInt,
        d_steps: PositiveInt,
        seed: NonNegativeInt,
        average_half_life: PositiveFloat | None,
        average_ramp: PositiveFloat,
    ) -> None:
        super().__init__(
            discriminator=discriminator,
            generator=None,
            loss=loss,
            penalty=penalty,
            classes=None,
            batch_size=batch_size,
            d_steps=d_steps,
            seed=seed,
        )
        if self.separate_forwards:
            raise ValueError(
                "a discriminator that generates needs logits of single samples, and with batch normalisation a logit "
                "depends on the whole batch: set network.discriminator.norm=none, layer or spectral"
            )
        self.search, self.negatives = search, negatives
        self.sample_steps, self.shape = sample_steps, tuple(shape)
        images = batch_size * d_steps
        self.averaged = averaged(self.discriminator, half_life=average_half_life, ramp=average_ramp, images=images)

    def discriminator_step(self, step: int) -> dict[str, Tensor]:
        real, numbers = self.reals(step, self.batch_size), {}
        if self.negatives is None:
            (logits_real,) = gathered(as_logits(self.d(real)))  # [batch_size]
            negative, logits_negative = real, torch.zeros_like(logits_real)
        else:
            negative = self.negatives_of(step, self.negatives)
            logits_real, logits_negative = gathered(*self.logits(real, negative, None))
            numbers["score_negatives"] = logits_negative.mean()
        numbers |= self.descend(step, real, negative, None, logits_real, logits_negative)
        return {**numbers, "score_positives": logits_real.mean()}

    def negatives_of(self, step: int, negatives: Negatives) -> Tensor:
        """This rank's share of the negatives of a step, [share, *shape]."""
        draw = self.draw("negatives", step)
        with scoring(self.discriminator) as critic:
            return negatives(step, lambda start, steps: self.search(critic, start, steps, draw), draw).detach()

    def sampling_module(self) -> nn.Module:
        return self.discriminator if self.averaged is None else self.averaged.module

    def sample(self, indices: Sequence[int], seed: int, labels: Tensor | None = None) -> Tensor:
        """See the base class; the bits are the same for every call, since a block of indices is drawn together.

        Raises:
            ValueError: labels are given.
        """
        if labels is not None:
            raise ValueError("a discriminator without a generator has no classes: draw without labels")
        if not len(indices):
            return torch.empty(0, *self.shape, device=self.device)
        blocks = {block: self._block(block, seed) for block in sorted({index // BLOCK for index in indices})}
        return torch.stack([blocks[index // BLOCK][index % BLOCK] for index in indices])

    def _block(self, block: int, seed: int) -> Tensor:
        """The samples [64, *shape] of a whole block of indices."""
        indices = range(block * BLOCK, (block + 1) * BLOCK)

        def draw(stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
            counter, name = (0, "sample") if stream == "starts" else (1, f"sample {stream}")
            return noise(seed, name, counter, indices, shape, distribution).to(self.device)

        with scoring(self.sampling_module()) as critic:
            return self.search(critic, draw("starts", self.shape, "uniform"), self.sample_steps, draw)
