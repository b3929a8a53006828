"""The game as Goodfellow et al. (2014, equation 1) and the lecture (II.2) state it."""

from torch import Tensor
from torch.nn.functional import softplus

from saddle.losses.base import Loss


class Minimax(Loss):
    r"""One value function, which D maximises and G minimises.

    $$V(G, D) = E_{x \sim P_{data}} \log D(x) + E_{x \sim P_G} \log(1 - D(x)), \quad D = \sigma(logit)$$

    D minimises -V. Its optimum is D* = P_data / (P_data + P_G), where V = -2 log 2 + 2 JSD(P_data || P_G).

    G minimises the part of V that depends on it, E log(1 - D(G(z))) = -E softplus(logit). At D* this descends 2 JSD.
    Its derivative in a logit is -D(G(z)): where D confidently rejects a fake, as at the start, it almost vanishes
    (-0.000335 at logit -8). It is not the non-saturating loss, which many suites call minimax.
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()  # -log D(x), -log(1 - D(x))

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()  # log(1 - D(G(z)))

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return log_ratio
