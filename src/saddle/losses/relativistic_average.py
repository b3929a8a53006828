"""Relativistic average (Jolicoeur-Martineau 2019, RaSGAN)."""

from torch import Tensor
from torch.nn.functional import softplus

from saddle.losses.base import RelativeLoss


class RelativisticAverage(RelativeLoss):
    r"""Each sample is compared with the mean of the other side: is a real more real than the average fake?

    $$L_D = E_{P_{data}} softplus(-(D(x) - E_{P_G} D)) + E_{P_G} softplus(D(x) - E_{P_{data}} D), \quad D = logit$$

    L_G is L_D with the sides exchanged. V = -L_D. The means are over the whole batch of all devices: the loss is not a
    sum over samples, and it is biased for small batches.

    D's logits are defined up to a constant. L_D is convex in them, without a closed-form minimum. D measures
    2 log 2 - min L_D, a divergence in [0, 2 log 2] (Jolicoeur-Martineau 2020): 0 only for P_G = P_data, where by
    Jensen's inequality the best D is constant, and 2 log 2 for disjoint supports.

    Because L_G = L_D + 2 (E_{P_data} D - E_{P_G} D), what G descends at D* is not that divergence: its gradient is that
    of min L_D less twice that of E_{P_G} D*.

    Prefer `rpgan`, which has the same idea without the bias.
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()

    def generator_against(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(real.mean() - fake).mean() + softplus(real - fake.mean()).mean()
