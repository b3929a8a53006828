"""The points at which a function on the line changes its sign."""

from collections.abc import Callable

import torch
from torch import Tensor

NARROWINGS = 24
"""Reductions, to two thirds each, of the interval that contains a least absolute value: to 6e-5 of its length."""
HALVINGS = 36
"""Halvings of the interval in which a sign changes: to 1e-11 of its length. A kink off by d costs an integral d^2."""


def crossings(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Points x [crossings], ascending, at which the sign of `function` changes, and the ends of stretches of zeros.

    The function is evaluated at `at` and at the least absolute value between three neighbours, then bisected between
    changes of sign. A single dip below 0 between two points is therefore seen.

    Args:
        function: points [count, 1] to values [count]; NaN counts as 0.
        at: points [count] in ascending order, as close to one another as the function requires.
    """

    def signed(x: Tensor) -> Tensor:
        return function(x[:, None]).nan_to_num(0.0)

    value = signed(at)
    sign, size = value.sign(), value.abs()
    alike = (sign[:-2] == sign[1:-1]) & (sign[1:-1] == sign[2:])
    dips = alike & (sign[1:-1] != 0) & (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:])
    low, high, side = at[:-2][dips], at[2:][dips], sign[1:-1][dips]
    for _ in range(NARROWINGS if len(low) else 0):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        falling = side * signed(left) > side * signed(right)
        low, high = torch.where(falling, left, low), torch.where(falling, high, right)
    at = torch.cat([at, (low + high) / 2]).sort().values
    sign = signed(at).sign()
    changes = sign[:-1] != sign[1:]
    low, high, before = at[:-1][changes], at[1:][changes], sign[:-1][changes]
    for _ in range(HALVINGS if len(low) else 0):
        middle = (low + high) / 2
        same = signed(middle).sign() == before
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return ((low + high) / 2).unique()
