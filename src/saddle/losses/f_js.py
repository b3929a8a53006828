"""The Jensen-Shannon divergence as an f-divergence (Nowozin et al. 2016)."""

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
    V = 2 JSD(P_data || P_G), which is also what G descends; JSD is in [0, log 2]. (The paper's table lists this f for
    the JSD itself, without the factor 2.)

    V is that of `minimax` plus 2 log 2, with the same gradients: almost 0 for a fake that D rejects. It completes the
    family.
    """

    def activation(self, logits: Tensor) -> Tensor:
        return log(2) - softplus(-logits)

    def conjugate(self, logits: Tensor) -> Tensor:
        return softplus(logits) - log(2)

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return log_ratio
