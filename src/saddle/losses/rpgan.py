"""Relativistic pairing (Jolicoeur-Martineau 2019; Huang et al. 2024)."""

from torch import Tensor
from torch.nn.functional import softplus

from saddle.losses.base import RelativeLoss


class RelativisticPairing(RelativeLoss):
    r"""Each real is compared with one fake: which of the two is the real one?

    $$L_D = E_{x \sim P_{data}, y \sim P_G} softplus(-(D(x) - D(y))), \qquad
      L_G = E_{x \sim P_{data}, y \sim P_G} softplus(-(D(y) - D(x))), \quad D = logit$$

    Real i is paired with fake i; both are fresh and independent, so that the mean over pairs is unbiased. V = -L_D.
    D's logits matter up to a constant. L_D is convex in them; its minimum is the fit of Bradley and Terry's model of
    paired comparisons to "x beats y" with weight p(x) q(y), for which there is no closed form on more than two points
    (on two: D*(x) - D*(y) = log(p(x) q(y) / (p(y) q(x)))).

    D measures log 2 - min L_D, a divergence in [0, log 2] (Jolicoeur-Martineau 2020): 0 only for P_G = P_data, where
    the best D is constant, and log 2 for disjoint supports.

    Because L_G = L_D + E D(x) - E D(y), what G descends at D* is not that divergence: its gradient is that of
    min L_D less that of E_{P_G} D*, as the non-saturating loss has KL(P_G || P_data) - 2 JSD; on two points it is
    KL(P_G || P_data) + min L_D. As there, G's gradient is strongest where its fakes lose.

    A fake must beat reals instead of a fixed threshold, so that a mode that has no fakes keeps its pull (Sun, Fang and
    Schwing 2020). Take it with zero-centred penalties on both sides, as R3GAN does (Huang et al. 2024).
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real).mean()

    def generator_against(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(real - fake).mean()
