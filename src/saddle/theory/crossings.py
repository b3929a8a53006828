"""Where a function on the line changes its sign."""

from collections.abc import Callable

import torch
from torch import Tensor

NARROWINGS = 24
"""Of the interval in which a least absolute value is looked for, to two thirds each: 6e-5 of its length."""
HALVINGS = 36
"""Of the interval in which a sign changes: 1e-11 of its length. A kink that is off by d costs an integral d^2."""


def crossings(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Points x [crossings], ascending, at which the sign of `function` changes, and the ends of stretches of zeros.

    Found by bisection between points at which it is evaluated, and those are joined by the least absolute values
    between three neighbours: a function that dips below 0 and returns between two points is seen where it does so once.

    Args:
        function: points [count, 1] to values [count]; what is no number counts as 0.
        at: points [count] in ascending order, as near to one another as the function is smooth.
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
