"""A mixture of Gaussians with full covariances."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from saddle.noise import drawn_labels, noise
from saddle.theory.density import Density, MassCentres, on_the_line
from saddle.theory.distribution import flattened, weighed


class FullMixture(Density):
    r"""p(x) = sum_i w_i N(x; m_i, L_i L_i^T) in a space of any size.

    Args:
        means: m, [components, size].
        roots: L, lower triangular, [components, size, size].
        weights: w, [components], not negative, of sum 1.

    Raises:
        ValueError: the shapes do not fit, a diagonal of a root is not above 0, or a weight is invalid.
    """

    def __init__(self, *, means: Tensor, roots: Tensor, weights: Tensor) -> None:
        if means.dim() != 2 or roots.shape != (*means.shape, means.shape[1]):
            raise ValueError(
                f"means have to be [components, size] and roots [components, size, size], not {list(means.shape)} and "
                f"{list(roots.shape)}"
            )
        self.means, self.roots = means.double().clone(), roots.double().clone()  # not those of a model in training
        self.weights = weighed("weights", weights, len(means))
        self.shape = (means.shape[1],)
        if not (self.roots.diagonal(dim1=1, dim2=2) > 0).all():
            raise ValueError("the diagonal of each root has to be above 0")

    def log_prob(self, x: Tensor) -> Tensor:
        points = flattened(x, self.shape)  # [count, size]
        parts = MultivariateNormal(self.means, scale_tril=self.roots, validate_args=False)
        log_probs = parts.log_prob(points[:, None])  # [count, components]
        return (log_probs + self.weights.log()).logsumexp(1).reshape(x.shape[:-1])

    def cdf(self, x: Tensor) -> Tensor:
        scaled = (on_the_line(x, self.shape)[..., None] - self.means[:, 0]) / self.roots[:, 0, 0]  # [..., components]
        return torch.special.ndtr(scaled) @ self.weights

    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        component = drawn_labels(seed, "mixture component", 0, indices, self.weights.detach().tolist())  # [count]
        spread = noise(seed, "mixture", 0, indices, self.shape).double()  # [count, size]
        return self.means.detach()[component] + torch.einsum("nij,nj->ni", self.roots.detach()[component], spread)

    def mass_centres(self) -> MassCentres:
        least = torch.linalg.svdvals(self.roots.detach())[:, -1]  # [components]
        return MassCentres(self.means.detach(), least)
