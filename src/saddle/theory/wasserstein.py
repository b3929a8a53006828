"""The Wasserstein-1 distance on the line, exactly."""

import torch
from torch import Tensor

from saddle.theory.between import aligned
from saddle.theory.density import Density
from saddle.theory.discrete import Discrete
from saddle.theory.distribution import Distribution
from saddle.theory.estimate import Estimate
from saddle.theory.quadrature import integral


@torch.no_grad()
def wasserstein(p: Distribution, q: Distribution) -> Estimate:
    r"""W1(p, q) = integral |F - G| over the line, in the unit of x (Vallender 1974); F and G are the cdfs.

    Two `Discrete` distributions: a sum over the gaps between points; two densities: quadrature.

    Raises:
        ValueError: points are not on the line, or a discrete distribution meets a density.
    """
    if p.shape != (1,) or q.shape != (1,):
        raise ValueError(
            f"the Wasserstein distance is for points on the line, [1], not {list(p.shape)} and {list(q.shape)}"
        )
    if isinstance(p, Discrete) and isinstance(q, Discrete):
        points, of_p, of_q = aligned(p, q)  # in ascending order
        gaps = points[:, 0].diff()
        return Estimate(((of_p - of_q).cumsum(0)[:-1].abs() * gaps).sum().item(), 0.0)
    if isinstance(p, Density) and isinstance(q, Density):

        def apart(x: Tensor) -> Tensor:
            return p.cdf(x) - q.cdf(x)

        distance = integral(lambda x: apart(x).abs()[:, None], [p.mass_centres(), q.mass_centres()], apart)
        return Estimate(distance.value.item(), distance.error.item())
    raise ValueError(f"{type(p).__name__} against {type(q).__name__}: two discrete distributions, or two densities")
