"""An exponential for losses that cannot overflow or corrupt the averages of an optimiser."""

from torch import Tensor

LIMIT = 20.0
"""Argument above which the exponential is linear. No batch contains larger ratios of densities (exp(20) is 5e8), and
above 44 the square of the gradient, which Adam averages, overflows in float32."""


def exponential(x: Tensor) -> Tensor:
    """exp(x) up to x = 20 and its tangent exp(20) (x - 19) above: convex, increasing, differentiable; x [...]."""
    bounded = x.clamp(max=LIMIT)
    return bounded.exp() * (1 + x - bounded)
