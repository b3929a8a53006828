"""A distribution over finitely many points."""

from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.noise import drawn_labels
from saddle.theory.distribution import Distribution, flattened, weighed
from saddle.theory.gaussian_mixture import GaussianMixture


class Discrete(Distribution):
    """P(x = points[i]) = probabilities[i]; `log_prob` is a log probability, looked up by exact comparison.

    Args:
        points: the points, [count, *shape], all distinct.
        probabilities: their probabilities, [count], not negative, of sum 1 (within 1e-6; they are normalised).

    Raises:
        ValueError: two points are equal, or the probabilities are invalid.
    """

    def __init__(self, *, points: Tensor, probabilities: Tensor) -> None:
        self.points = points.double().clone()
        self.probabilities = weighed("probabilities", probabilities, len(points))
        self.shape = tuple(points.shape[1:])
        if len(self.points.flatten(1).unique(dim=0)) < len(points):
            raise ValueError("two points of a discrete distribution are equal: give one, with the sum of both weights")

    def log_prob(self, x: Tensor) -> Tensor:
        """log P(x) in nats at x [..., *shape]: float64 [...]; -inf where x is none of the points."""
        count, queries = len(self.points), flattened(x, self.shape)  # [queries, size]
        distinct, index = torch.cat([self.points.flatten(1), queries]).unique(dim=0, return_inverse=True)
        table = torch.full((len(distinct),), -torch.inf, dtype=torch.float64)
        table = table.index_put((index[:count],), self.probabilities.log())
        return table[index[count:]].reshape(x.shape[: x.dim() - len(self.shape)])

    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        """Draws by inversion of the distribution function over the points in their order."""
        weights = self.probabilities.detach().tolist()
        return self.points[drawn_labels(seed, "discrete distribution", 0, indices, weights)]

    def smoothed(self, deviation: float) -> GaussianMixture:
        """The distribution of x + deviation e, where e is from N(0, I), over points flattened to [size]."""
        wide = deviation * torch.ones_like(self.probabilities)
        return GaussianMixture(means=self.points.flatten(1), deviations=wide, weights=self.probabilities)
