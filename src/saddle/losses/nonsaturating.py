"""The non-saturating game, the usual one in practice (Goodfellow et al. 2014, section 3; lecture II.3)."""

from torch import Tensor
from torch.nn.functional import softplus

from saddle.losses.base import Loss


class NonSaturating(Loss):
    r"""D minimises the minimax term; G maximises E log D(G(z)).

    $$L_D = -E_{P_{data}} \log D(x) - E_{P_G} \log(1 - D(x)), \qquad L_G = -E_{P_G} \log D(x), \quad D = \sigma(logit)$$

    D's optimum and what it measures are those of the minimax game: D* = P_data / (P_data + P_G), and at it
    L_D = 2 log 2 - 2 JSD(P_data || P_G).

    G's gradient in a logit is D - 1: strongest where D rejects a fake (-0.99966 at logit -8). At D* it descends
    KL(P_G || P_data) - 2 JSD(P_data || P_G) (Arjovsky and Bottou 2017, theorem 2.5), which is not the JSD: the
    lecture's "the same form" holds only for the fixed point P_G = P_data.
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()  # -log D(x), -log(1 - D(x))

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()  # -log D(G(z))

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return log_ratio
