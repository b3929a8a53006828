"""KL(P_G || P_data) as a game (Nowozin et al. 2016)."""

import torch
from torch import Tensor

from saddle.losses.f_divergence import LIMIT, FDivergence, exponential


class ReverseKullbackLeibler(FDivergence):
    r"""The divergence that prefers sample quality to coverage.

    $$V(G, D) = -E_{P_{data}} \exp(-D(x)) - E_{P_G} (D(x) - 1), \quad f(u) = -\log u, \; g_f(v) = -\exp(-v), \;
      f^*(t) = -1 - \log(-t)$$

    D minimises -V with the exponential linear beyond 20, that is for logits below -20; G minimises -E (D(G(z)) - 1).
    D's optimum is D* = log(P_data / P_G), where V = KL(P_G || P_data), which is also what G descends.

    It penalises samples where there are no data and tolerates missed modes. G's gradient in a logit is -1 everywhere,
    as for the hinge; D's grows without bound on reals that it rejects.
    """

    def activation(self, logits: Tensor) -> Tensor:
        return -exponential(-logits)

    def conjugate(self, logits: Tensor) -> Tensor:
        return logits - 1

    def optimum(self, log_ratio: Tensor) -> Tensor:
        """The log ratio, and infinite below a ratio of exp(-20), where the exponential is linear: V has no maximum."""
        return torch.where(log_ratio < -LIMIT, -torch.inf, log_ratio)
