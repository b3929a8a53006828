r"""Where p^2 / q lies in the plane when p or q is flat.

Of Gaussians with covariances S_p and S_q, p^2 / q is one, too, with the precision 2 S_p^-1 - S_q^-1: it may be as
narrow as they are and far longer, a ridge that leaves the places of both and lies between the nodes of every shell.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.theory.density import Density, Places

SPREAD = 9.0
"""How far places go along a ridge, in its deviations."""
FLATTEST = 100.0
"""Longest deviation over shortest at most."""
LOPSIDED = 2.0
"""The same above which a ridge gets places of its own."""
FLAT = 10.0
"""The same of p above which a p^2 / q that is no Gaussian is refused."""
FAR = 5.0
"""Deviations from its middle at which a ridge is still a Gaussian's, for it to be taken for one."""


@dataclass(frozen=True)
class Ridge:
    """A Gaussian in the plane."""

    middle: Tensor
    """[size]."""
    axis: Tensor
    """The longest, [size], of length 1."""
    length: float
    """The deviation along it."""
    width: float
    """The least deviation."""

    @property
    def ratio(self) -> float:
        """Of length to width, from 1."""
        return self.length / self.width

    def places(self) -> Places:
        """So that all but 1e-18 lies within 10 widths of one.

        Raises:
            ValueError: it is over 100 times longer than wide.
        """
        if self.ratio > FLATTEST:
            raise ValueError(
                f"the deviations differ {self.ratio:.3g} times: a density so flat is not found by quadrature"
            )
        at = torch.linspace(-SPREAD, SPREAD, int(SPREAD * self.ratio) + 2, dtype=torch.float64)  # two widths apart
        centres = self.middle + at[:, None] * self.length * self.axis
        return Places(centres, torch.full((len(centres),), self.width, dtype=torch.float64))


def places_of_ratio(p: Density, q: Density) -> list[Places]:
    """Places of p^2 / q that p and q do not have, in the plane; none where neither is flat.

    Raises:
        ValueError: p^2 / q is over 100 times longer than wide; or p is a Gaussian over 10 times longer than wide and
            p^2 / q is none.
    """
    centres = p.places().centres
    found = ridges(lambda x: 2 * p.log_prob(x) - q.log_prob(x), centres)
    if not found and any(each.ratio > FLAT for each in ridges(p.log_prob, centres)):
        raise ValueError("p is a flat Gaussian and p^2 / q is none: it diverges, or nothing says how far it goes")
    return [each.places() for each in found if each.ratio > LOPSIDED]


@torch.enable_grad()
def ridges(log_density: Callable[[Tensor], Tensor], at: Tensor) -> list[Ridge]:
    """The Gaussians that a log density, twice differentiable, is near points [count, 2]; each once."""
    x = at.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(log_density(x).sum(), x, create_graph=True)  # [count, 2]
    rows = [torch.autograd.grad(slope[:, axis].sum(), x, retain_graph=True)[0] for axis in range(2)]
    precision = -torch.stack(rows, dim=1).detach()  # [count, 2, 2]
    known = precision.isfinite().flatten(1).all(1)
    x, slope, precision = x.detach()[known], slope.detach()[known], precision[known]
    values, axes = torch.linalg.eigh(precision)  # ascending [count, 2]; columns [count, 2, 2]
    there = values[:, 0] > 0
    x, slope, precision, values, axes = (of[there] for of in (x, slope, precision, values, axes))
    middle = x + torch.linalg.solve(precision, slope)
    length, axis = values.rsqrt(), axes[:, :, 0]  # descending [count, 2]; the longest [count, 2]
    ends = [log_density(middle + side * FAR * length[:, :1] * axis) for side in (-1, 1)]
    gaussian = torch.stack([(log_density(middle) - end - FAR**2 / 2).abs() < 1e-3 for end in ends]).all(0)
    alike = torch.cat([middle / length[:, 1:], 8 * length.log2()], dim=1).round().tolist()  # up to rounding
    each = {tuple(alike[row]): row for row in gaussian.nonzero()[:, 0].tolist()}.values()
    return [Ridge(middle[row], axis[row], length[row, 0].item(), length[row, 1].item()) for row in each]
