r"""Where p^2 / q has its mass in the plane when p or q is flat.

If p and q are Gaussians with covariances S_p and S_q, p^2 / q is a Gaussian with the precision 2 S_p^-1 - S_q^-1. It
may be as narrow as they are and far longer: a ridge that leaves the mass centres of both and falls between the nodes of
every shell.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.theory.density import Density, MassCentres

SPREAD = 9.0
"""How far the mass centres reach along a ridge, in its deviations."""
FLATTEST = 100.0
"""Largest accepted ratio of the longest to the shortest deviation."""
LOPSIDED = 2.0
"""Ratio above which a ridge gets mass centres of its own."""
FLAT = 10.0
"""Ratio of p above which a p^2 / q that is no Gaussian is refused."""
FAR = 5.0
"""Deviations from the middle at which a log density is compared with a Gaussian's."""


@dataclass(frozen=True)
class Ridge:
    """A Gaussian in the plane."""

    middle: Tensor
    """[size]."""
    axis: Tensor
    """Unit vector of the longest deviation, [size]."""
    length: float
    """The deviation along the axis."""
    width: float
    """The least deviation."""

    @property
    def ratio(self) -> float:
        """Length over width, at least 1."""
        return self.length / self.width

    def mass_centres(self) -> MassCentres:
        """Centres such that all but 1e-18 of the mass is within 10 widths of one.

        Raises:
            ValueError: it is over 100 times longer than wide.
        """
        if self.ratio > FLATTEST:
            raise ValueError(
                f"the deviations differ {self.ratio:.3g} times: a density so flat is not found by quadrature"
            )
        at = torch.linspace(-SPREAD, SPREAD, int(SPREAD * self.ratio) + 2, dtype=torch.float64)  # two widths apart
        centres = self.middle + at[:, None] * self.length * self.axis
        return MassCentres(centres, torch.full((len(centres),), self.width, dtype=torch.float64))


def centres_of_ratio(p: Density, q: Density) -> list[MassCentres]:
    """Mass centres of p^2 / q in the plane in addition to those of p and q; none if neither is flat.

    Raises:
        ValueError: p^2 / q is over 100 times longer than wide; or p is a Gaussian over 10 times longer than wide and
            p^2 / q is none.
    """
    centres = p.mass_centres().centres
    quotients = ridges(lambda x: 2 * p.log_prob(x) - q.log_prob(x), centres)
    if not quotients and any(each.ratio > FLAT for each in ridges(p.log_prob, centres)):
        raise ValueError("p is a flat Gaussian and p^2 / q is none: it diverges, or nothing says how far it goes")
    return [each.mass_centres() for each in quotients if each.ratio > LOPSIDED]


@torch.enable_grad()
def ridges(log_density: Callable[[Tensor], Tensor], at: Tensor) -> list[Ridge]:
    """The Gaussians that a twice differentiable log density equals near points [count, 2], each once."""
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
