"""The squared Hellinger distance as a game (Nowozin et al. 2016)."""

import torch
from torch import Tensor

from saddle.losses.f_divergence import LIMIT, FDivergence, exponential


class SquaredHellinger(FDivergence):
    r"""A bounded, symmetric divergence.

    $$V(G, D) = E_{P_{data}} (1 - \exp(-D(x))) - E_{P_G} (\exp(D(x)) - 1)$$
    $$f(u) = (\sqrt u - 1)^2, \quad g_f(v) = 1 - \exp(-v), \quad f^*(t) = t / (1 - t)$$

    D minimises -V, G minimises 1 - E exp(D(G(z))), with the exponentials linear beyond 20. D's optimum is
    D* = log(P_data / P_G) / 2, where V = sum (sqrt p - sqrt q)^2 in [0, 2], without the factor 1/2 of some
    definitions; it is also what G descends.

    D's objective is that of boosting (an exponential in the margin), which outliers dominate. G's gradient in a logit
    is -exp(D), which vanishes on fakes that D rejects.
    """

    def activation(self, logits: Tensor) -> Tensor:
        return 1 - exponential(-logits)

    def conjugate(self, logits: Tensor) -> Tensor:
        return exponential(logits) - 1

    def optimum(self, log_ratio: Tensor) -> Tensor:
        """Half the log ratio; outside of +-40, where one exponential is linear, log ratio - 20 sign(log ratio)."""
        linear = log_ratio - LIMIT * log_ratio.sign()
        return torch.where(log_ratio.abs() > 2 * LIMIT, linear, log_ratio / 2)
