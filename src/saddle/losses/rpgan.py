"""Relativistic pairing (Jolicoeur-Martineau 2019; Huang et al. 2024)."""

from torch import Tensor
from torch.nn.functional import softplus

from saddle.losses.base import RelativeLoss


class RelativisticPairing(RelativeLoss):
    r"""Each real is compared with one fake: which of the two is real?

    $$L_D = E_{x \sim P_{data}, y \sim P_G} softplus(-(D(x) - D(y))), \qquad
      L_G = E_{x \sim P_{data}, y \sim P_G} softplus(-(D(y) - D(x))), \quad D = logit$$

    Real i is paired with fake i; both are fresh and independent, so that the mean over pairs is unbiased. V = -L_D.
    D's logits are defined up to a constant. Its optimum is D* = log(P_data / P_G): of a pair in unknown order, D*(x) -
    D*(y) is the log odds that x is the real one, p(x) q(y) against p(y) q(x). So L_D is the cross-entropy of a
    classifier of pairs, (x, y) from P_data x P_G against (y, x), and

    $$\min L_D = \log 2 - JSD(P_{data} \times P_G || P_G \times P_{data})$$

    D measures that JSD, a divergence in [0, log 2] (Jolicoeur-Martineau 2020): 0 only for P_G = P_data, and log 2 for
    disjoint supports. It is at least JSD(P_data || P_G): pairs are more informative than single samples.

    Because L_G = L_D + E D(x) - E D(y), what G descends at D* is not that divergence but KL(P_G || P_data) + min L_D,
    similar to KL(P_G || P_data) - 2 JSD of the non-saturating loss. G's gradient is again strongest on rejected fakes.

    Fakes are compared with reals instead of a fixed threshold, so a mode without fakes keeps attracting them (Sun, Fang
    and Schwing 2020). Use it with zero-centred penalties on both sides, as R3GAN does (Huang et al. 2024).
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real).mean()

    def generator_against(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(real - fake).mean()

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return log_ratio
