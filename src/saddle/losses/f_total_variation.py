"""The total variation distance as a game (Nowozin et al. 2016)."""

import torch
from torch import Tensor

from saddle.losses.f_divergence import FDivergence


class TotalVariation(FDivergence):
    r"""The largest difference between the probabilities of one event.

    $$V(G, D) = \tfrac12 E_{P_{data}} \tanh D(x) - \tfrac12 E_{P_G} \tanh D(x), \quad f(u) = \tfrac12 |u - 1|, \;
      g_f(v) = \tfrac12 \tanh v, \; f^*(t) = t$$

    D minimises -V, G minimises -E tanh(D(G(z))) / 2. The supremum of V is TV = 1/2 sum |p - q| in [0, 1]; it is
    approached as D goes to infinity with the sign of P_data - P_G and attained by no finite logit. In that limit G
    descends the same TV.

    Both gradients vanish where |D| is large, right or wrong, and TV is 1 for all disjoint supports, so training stalls
    easily. `hinge` measures the same and has a gradient for G everywhere.
    """

    def activation(self, logits: Tensor) -> Tensor:
        return logits.tanh() / 2

    def conjugate(self, logits: Tensor) -> Tensor:
        return logits.tanh() / 2

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return torch.inf * log_ratio  # NaN for 0
