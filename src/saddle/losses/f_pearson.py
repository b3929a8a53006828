"""The Pearson chi-squared divergence as a game (Nowozin et al. 2016)."""

from torch import Tensor

from saddle.losses.f_divergence import FDivergence


class PearsonChiSquared(FDivergence):
    r"""The mean squared error of the ratio of the densities.

    $$V(G, D) = E_{P_{data}} D(x) - E_{P_G} (D(x)^2 / 4 + D(x)), \quad f(u) = (u - 1)^2, \; g_f(v) = v, \;
      f^*(t) = t^2 / 4 + t$$

    D minimises -V, G minimises -E (D(G(z))^2 / 4 + D(G(z))). D's optimum is D* = 2 (P_data / P_G - 1), where
    V = sum (p - q)^2 / q, unbounded, which is also what G descends.

    f* is that of f on the whole line, as in the paper, with its minimum at -2, the smallest value of D*. G decreases
    logits below -2, which a D far from its optimum may give. This is not `least_squares_pearson`, whose D has a bounded
    optimum.
    """

    def activation(self, logits: Tensor) -> Tensor:
        return logits

    def conjugate(self, logits: Tensor) -> Tensor:
        return logits.square() / 4 + logits

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return 2 * log_ratio.expm1()
