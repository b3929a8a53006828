"""KL(P_data || P_G) as a game (Nowozin et al. 2016)."""

import torch
from torch import Tensor

from saddle.losses.f_divergence import LIMIT, FDivergence, exponential


class KullbackLeibler(FDivergence):
    r"""The divergence of maximum likelihood, from samples alone.

    $$V(G, D) = E_{P_{data}} D(x) - E_{P_G} \exp(D(x) - 1), \quad f(u) = u \log u, \; g_f(v) = v, \;
      f^*(t) = \exp(t - 1)$$

    D minimises -V, G minimises -E exp(D(G(z)) - 1), with the exponential linear beyond 20. D's optimum is
    D* = 1 + log(P_data / P_G), where V = KL(P_data || P_G), which is also what G descends.

    It penalises modes that P_G misses and tolerates samples where there are no data. G's gradient in a logit is
    -exp(D - 1): the fakes with the highest scores dominate the batch and those that D rejects get almost none, so D
    must be smooth enough for G to follow from the start.
    """

    threshold = 1.0

    def activation(self, logits: Tensor) -> Tensor:
        return logits

    def conjugate(self, logits: Tensor) -> Tensor:
        return exponential(logits - 1)

    def optimum(self, log_ratio: Tensor) -> Tensor:
        """1 + log ratio, and infinite above a ratio of exp(20), where the exponential is linear: V has no maximum."""
        return torch.where(log_ratio > LIMIT, torch.inf, 1 + log_ratio)
