"""The Jensen-Shannon divergence as a option of its family (Nowozin et al. 2016)."""

from math import log

from torch import Tensor
from torch.nn.functional import softplus

from saddle.losses.f_divergence import FDivergence


class JensenShannon(FDivergence):
    r"""The minimax game, shifted by a constant so that its value is the divergence.

    $$V(G, D) = E_{P_{data}} (\log 2 - softplus(-D(x))) + E_{P_G} (\log 2 - softplus(D(x)))$$
    $$f(u) = u \log u - (1 + u) \log \frac{1 + u}{2}, \quad g_f(v) = \log 2 - softplus(-v), \quad
      f^*(t) = -\log(2 - e^t)$$

    D minimises -V, G minimises log 2 - E softplus(D(G(z))). D's optimum is D* = log(P_data / P_G), where
    V = 2 JSD(P_data || P_G), which is also what G descends; JSD is in [0, log 2]. (The paper's table prints this f
    beside the JSD itself: the factor 2 is dropped there.)

    V is that of `minimax` plus 2 log 2 and every gradient is the same: a fake that D rejects feels almost nothing. It
    is here so that the family is complete.
    """

    def activation(self, logits: Tensor) -> Tensor:
        return log(2) - softplus(-logits)

    def conjugate(self, logits: Tensor) -> Tensor:
        return softplus(logits) - log(2)

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return log_ratio
