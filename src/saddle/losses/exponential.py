"""The exponential as the losses use it: one logit must not overflow, nor ruin an optimiser's averages."""

from torch import Tensor

LIMIT = 20.0
"""Where the exponential becomes a straight line. Beyond it lie ratios of densities that no batch can show (exp(20) is
5e8), and above 44 the square of the gradient, which Adam keeps, overflows in float32."""


def exponential(x: Tensor) -> Tensor:
    """exp(x) up to x = 20 and its tangent exp(20) (x - 19) beyond: convex, increasing, differentiable; x [...]."""
    bounded = x.clamp(max=LIMIT)
    return bounded.exp() * (1 + x - bounded)
