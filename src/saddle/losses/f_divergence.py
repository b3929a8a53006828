"""The family of f-divergences in variational form (Nowozin, Cseke and Tomioka 2016)."""

from abc import abstractmethod
from typing import final

from torch import Tensor

from saddle.losses.base import Loss

LIMIT = 20.0
"""Argument above which the exponential is linear. No batch contains larger ratios of densities (exp(20) is 5e8), and
above 44 the square of the gradient, which Adam averages, overflows in float32."""


class FDivergence(Loss):
    r"""D raises a lower bound of an f-divergence, G lowers it.

    For a convex f with f(1) = 0 and its conjugate f*(t) = sup_u (u t - f(u)),

    $$D_f(P_{data} || P_G) = \sum q f(p / q) \ge V(G, D) = E_{P_{data}} g_f(D(x)) - E_{P_G} f^*(g_f(D(x))),
      \quad D = logit$$

    D minimises -V. The activation g_f is increasing and maps every logit into the domain of f*; D's optimum is
    g_f(D*) = f'(P_data / P_G), and there V = D_f.

    G minimises the part of V that depends on it, -E f*(g_f(D(x))), and at D* descends D_f itself. (The paper also
    tries to maximise E g_f(D(x)) instead: another game.)

    An option defines g_f and f* o g_f, the latter in closed form, because two steps lose precision at large logits.
    Exponentials are linear above an argument of 20, see `exponential`.
    """

    @final
    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.conjugate(fake).mean() - self.activation(real).mean()

    @final
    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -self.conjugate(fake).mean()

    @abstractmethod
    def activation(self, logits: Tensor) -> Tensor:
        """g_f of logits [batch], elementwise."""

    @abstractmethod
    def conjugate(self, logits: Tensor) -> Tensor:
        """f*(g_f) of logits [batch], elementwise."""


def exponential(x: Tensor) -> Tensor:
    """exp(x) up to x = 20 and its tangent exp(20) (x - 19) above: convex, increasing, differentiable; x [...]."""
    bounded = x.clamp(max=LIMIT)
    return bounded.exp() * (1 + x - bounded)
