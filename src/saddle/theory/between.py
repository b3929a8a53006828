r"""Divergences between two distributions whose probabilities or densities are known, with their errors.

Two `Discrete` distributions are compared by sums over the points of both, two densities on the line or in the plane by
quadrature: the error is then what the last refinement changed. The conventions are those of `divergences`; KL and JSD
in nats. Every integrand is written in log densities and never negative, so that nothing cancels and no density
underflows into a wrong ratio: p log(p / q) - p + q for KL, whose integral is the same.

Raises:
    ValueError: the shapes differ; a discrete distribution meets a density (convolve both, see `smoothed`); the space is
        neither line nor plane; an integral does not converge; a density does not integrate to 1 around its mass
        centres.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from saddle.theory import divergences
from saddle.theory.density import Density, MassCentres
from saddle.theory.discrete import Discrete
from saddle.theory.distribution import Distribution
from saddle.theory.divergences import Divergence
from saddle.theory.estimate import Estimate
from saddle.theory.quadrature import REACH, SHELLS, Integral, integral
from saddle.theory.ridges import centres_of_ratio

Integrand = Callable[[Tensor, Tensor], Tensor]
"""A function of log p and log q, each [count]."""
MASS = {1: 1e-9, 2: 1e-5}
"""Size of the space -> how far the integral of a density may be from 1."""


def kl(p: Distribution, q: Distribution) -> Estimate:
    """KL(p || q) = E_p log(p / q) (Kullback and Leibler 1951)."""
    return _between(divergences.kl, _kl, p, q)


def reverse_kl(p: Distribution, q: Distribution) -> Estimate:
    """KL(q || p)."""
    return kl(q, p)


def jsd(p: Distribution, q: Distribution) -> Estimate:
    """JSD(p || q) = (KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2, in [0, log 2] (Lin 1991)."""
    return _between(divergences.jsd, _jsd, p, q)


def total_variation(p: Distribution, q: Distribution) -> Estimate:
    """TV = 1/2 integral |p - q|, in [0, 1]."""
    return _between(
        divergences.total_variation, lambda p, q: (p.exp() - q.exp()).abs() / 2, p, q, kinks=lambda p, q: p - q
    )


def squared_hellinger(p: Distribution, q: Distribution) -> Estimate:
    """integral (sqrt p - sqrt q)^2, in [0, 2]."""
    return _between(divergences.squared_hellinger, lambda p, q: ((p / 2).exp() - (q / 2).exp()).square(), p, q)


def chi_squared(p: Distribution, q: Distribution) -> Estimate:
    """Pearson's integral (p - q)^2 / q; inf where it diverges, or is above what float64 can hold (1.8e308).

    It diverges where p^2 / q does not fall towards infinity, as for Gaussians whose variances are s_p^2 > 2 s_q^2.
    Close to that condition p^2 / q is far wider than p. In the plane, with a flat density, it is a ridge, which
    quadrature follows along its length; a ridge that cannot be located is refused (`ridges`).
    """
    more: list[MassCentres] = []
    if isinstance(p, Density) and isinstance(q, Density) and p.shape == q.shape:
        if _diverges(p, q):
            return Estimate(math.inf, 0.0)
        more = centres_of_ratio(p, q) if p.shape == (2,) else []
    return _between(divergences.chi_squared, _chi_squared, p, q, more=more)


def nodes(p: Density, q: Density) -> tuple[Tensor, Tensor, Tensor]:
    """Points x [count, size] and the weights [count] of p and of q on them, for expectations of anything as smooth.

    E_p f = sum of_p f(x). They are the nodes on which JSD(p || q) converged. Each side is divided by its sum, which is
    1 up to the error of the rule, so that both are distributions over the points.
    """
    nodes_of_jsd = _integrated(_jsd, p, q)
    points = nodes_of_jsd.points
    of_p, of_q = (nodes_of_jsd.weights * each.log_prob(points).exp() for each in (p, q))
    return points, of_p / of_p.sum(), of_q / of_q.sum()


def aligned(p: Discrete, q: Discrete) -> tuple[Tensor, Tensor, Tensor]:
    """All points of two discrete distributions [count, *shape], and the probabilities of p and of q there [count]."""
    points = torch.cat([p.points, q.points]).unique(dim=0)
    return points, p.log_prob(points).exp(), q.log_prob(points).exp()


def _between(
    of_points: Divergence,
    integrand: Integrand,
    p: Distribution,
    q: Distribution,
    kinks: Integrand | None = None,
    more: Sequence[MassCentres] = (),
) -> Estimate:
    if p.shape != q.shape:
        raise ValueError(f"the distributions are over points of shape {list(p.shape)} and {list(q.shape)}")
    if isinstance(p, Discrete) and isinstance(q, Discrete):
        return Estimate(of_points(*aligned(p, q)[1:]).item(), 0.0)
    if isinstance(p, Density) and isinstance(q, Density):
        divergence = _integrated(integrand, p, q, kinks, more)
        return Estimate(divergence.value[0].item(), divergence.error[0].item())
    raise ValueError(
        f"{type(p).__name__} against {type(q).__name__}: a discrete distribution and a density have nothing in common; "
        "convolve both with a Gaussian"
    )


@torch.no_grad()
def _integrated(
    integrand: Integrand, p: Density, q: Density, kinks: Integrand | None = None, more: Sequence[MassCentres] = ()
) -> Integral:
    """The integral of the integrand, of p and of q, in this order.

    Args:
        kinks: a function of log p and log q that is 0 where the integrand has a kink.
        more: mass centres of the integrand in addition to those of p and q.
    """

    def values(x: Tensor) -> Tensor:
        of_p, of_q = p.log_prob(x), q.log_prob(x)
        return torch.stack([integrand(of_p, of_q), of_p.exp(), of_q.exp()], dim=1)

    bent = None if kinks is None else lambda x: kinks(p.log_prob(x), q.log_prob(x))
    integrals = integral(values, [p.mass_centres(), q.mass_centres(), *more], bent)
    for name, mass in zip(("p", "q"), integrals.value[1:].tolist(), strict=True):
        if abs(mass - 1) > MASS[p.shape[0]] and integrals.value[0].isfinite():
            raise ValueError(
                f"the density {name} integrates to {mass} and not to 1 around its mass_centres(): check them"
            )
    return integrals


def _kl(p: Tensor, q: Tensor) -> Tensor:
    """p log(p / q) - p + q."""
    ratio = p - q
    small = ratio.abs() < 1e-3  # r + exp(-r) - 1 = r^2 (1/2 - r/6 + r^2/24 - ...) loses its digits there
    series = ratio.square() * (0.5 - ratio / 6 + ratio.square() / 24)
    direct = p.exp() * (ratio - 1) + q.exp()
    return torch.where(p == -torch.inf, q.exp(), torch.where(small, p.exp() * series, direct))


def _jsd(p: Tensor, q: Tensor) -> Tensor:
    m = torch.logaddexp(p, q) - math.log(2)
    return (_kl(p, m) + _kl(q, m)) / 2


def _chi_squared(p: Tensor, q: Tensor) -> Tensor:
    ratio = p - q
    near = ratio < 1
    return torch.where(near, q.exp() * ratio.clamp(max=1).expm1().square(), (2 * p - q).exp() - 2 * p.exp() + q.exp())


def _diverges(p: Density, q: Density) -> bool:
    """Whether p^2 / q rises along some of 64 rays of the line or the plane, far from all mass centres."""
    if p.shape not in ((1,), (2,)):
        return False
    both = [p.mass_centres(), q.mass_centres()]
    centres, scales = torch.cat([each.centres for each in both]), torch.cat([each.scales for each in both])
    middle = centres.mean(0)
    reach = ((centres - middle).norm(dim=1).max() + REACH * scales.max()) * 2**SHELLS
    angle = torch.arange(64, dtype=torch.float64) * math.pi / 32
    rays = torch.stack([angle.cos(), angle.sin()], dim=1) if p.shape == (2,) else torch.tensor([[-1.0], [1.0]])
    near, far = (2 * p.log_prob(at) - q.log_prob(at) for at in (middle + reach * rays, middle + 2 * reach * rays))
    return bool((far > near).any())
