"""A mixture of round Gaussians."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.noise import drawn_labels, noise
from saddle.theory.density import Density, MassCentres, on_the_line
from saddle.theory.distribution import flattened, weighed

CHUNK = 2**16
"""Number of distances [points, components] computed together, so that they stay in the processor's cache."""
LEAST = -1e308


class GaussianMixture(Density):
    r"""p(x) = sum_i w_i N(x; m_i, s_i^2 I) in a space of any size.

    Args:
        means: m, [components, size]. They are also the `modes`, although overlapping components have other maxima.
        deviations: s, [components], above 0.
        weights: w, [components], not negative, of sum 1. A component of weight 0 is left out.

    Raises:
        ValueError: the shapes do not fit, or a deviation or a weight is invalid.
    """

    def __init__(self, *, means: Tensor, deviations: Tensor, weights: Tensor) -> None:
        if means.dim() != 2 or deviations.shape != means.shape[:1]:
            raise ValueError(
                f"means have to be [components, size] and deviations [components], not {list(means.shape)} and "
                f"{list(deviations.shape)}"
            )
        if not (deviations > 0).all() or not deviations.isfinite().all() or not means.isfinite().all():
            raise ValueError(
                f"deviations have to be above 0 and means finite; the deviations are {deviations.tolist()[:10]}"
            )
        weights = weighed("weights", weights, len(means))
        there = weights > 0
        self.means, self.deviations, self.weights = means.double()[there], deviations.double()[there], weights[there]
        self.shape = (means.shape[1],)

    @property
    def modes(self) -> Tensor:
        """The means [components, size]."""
        return self.means

    def log_prob(self, x: Tensor) -> Tensor:
        points = flattened(x, self.shape)  # [count, size]
        parts = points.split(max(1, CHUNK // len(self.means)))
        return torch.cat([self._log_density(part) for part in parts]).reshape(x.shape[:-1])

    def _log_density(self, points: Tensor) -> Tensor:
        narrow = math.sqrt(0.5) / self.deviations
        volume = self.deviations.log() + math.log(2 * math.pi) / 2  # log of s sqrt(2 pi), [components]
        exponent = self.weights.log() - len(self.means.T) * volume
        for at, centre in zip(points.T, self.means.T, strict=True):  # one coordinate after the other
            exponent = exponent - ((at[:, None] - centre) * narrow).square()  # [count, components]
        top = exponent.detach().amax(1, keepdim=True).clamp(min=LEAST)
        return (exponent - top).exp().sum(1).log() + top[:, 0]  # logsumexp in half the time

    def cdf(self, x: Tensor) -> Tensor:
        scaled = (on_the_line(x, self.shape)[..., None] - self.means[:, 0]) / self.deviations  # [..., components]
        return torch.special.ndtr(scaled) @ self.weights

    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        component = drawn_labels(seed, "mixture component", 0, indices, self.weights.detach().tolist())  # [count]
        spread = noise(seed, "mixture", 0, indices, self.shape).double()  # [count, size]
        return self.means.detach()[component] + self.deviations.detach()[component, None] * spread

    def mass_centres(self) -> MassCentres:
        return MassCentres(self.means.detach(), self.deviations.detach())

    def smoothed(self, deviation: float) -> "GaussianMixture":
        """The distribution of x + deviation e, where e is from N(0, I): the mixture with s^2 + deviation^2 for s^2."""
        wider = (self.deviations.square() + deviation**2).sqrt()
        return GaussianMixture(means=self.means, deviations=wider, weights=self.weights)
