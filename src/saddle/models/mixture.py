"""A Gaussian mixture by maximum likelihood: a generator whose density is known (lecture II.1)."""

import warnings
from collections.abc import Callable, Sequence
from math import isfinite, prod
from typing import Literal

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.models.base import GenerativeModel
from saddle.models.divergence import diverged
from saddle.noise import generator
from saddle.theory.full_mixture import FullMixture


class Mixture(GenerativeModel):
    r"""Maximises E_x log p(y(x)), p(y) = sum_i w_i N(y; m_i, C_i), by expectation maximisation or by gradient.

    y are the coordinates of x in the subspace of the first `dimensions` principal components of `images` training
    samples, all of whose likelihood is meant: an update is one step of EM on them (Dempster, Laird and Rubin 1977;
    scikit-learn's) or one of Adam on their mean log-likelihood. It begins with means at random samples and the
    covariance of all. A sample is drawn in the subspace and taken back to x: what lies outside of it, `kept` says how
    little, is the mean's everywhere. Nothing is a function of a code: there is none.

    There is nothing to share out among devices, so there is one.

    Args:
        shape: of x.
        samples: training samples that there are; None where they have no end, 0 for a model that only draws.
        components: how many Gaussians.
        dimensions: of the subspace, above neither those of x nor `images`; null: all, and y is x.
        images: training samples whose likelihood is maximised.
        fit: `em`, or `gradient` in the softmax of the weights, the means and the Cholesky roots of the covariances.
        rate: of Adam, for `gradient`.
        floor: added to the variances by `em`, in squared units of x.
        seed: of the first means.

    Raises:
        ValueError: there are more components than images, or more dimensions than x has numbers or than images span.
    """

    undivided = True

    def __init__(
        self,
        *,
        shape: Sequence[PositiveInt],
        samples: NonNegativeInt | None,
        components: PositiveInt,
        dimensions: PositiveInt | None,
        images: PositiveInt,
        fit: Literal["em", "gradient"],
        rate: PositiveFloat,
        floor: NonNegativeFloat,
        seed: NonNegativeInt,
    ) -> None:
        super().__init__()
        self.shape, self.seed = tuple(shape), seed
        self.images = images if samples is None else min(images, samples)
        self.by_gradient, self.rate, self.floor = fit == "gradient", rate, floor
        size = prod(self.shape)
        if samples != 0 and components > self.images:
            raise ValueError(
                f"model.components={components}: there are {self.images} images to begin at; set it to that or less"
            )
        if dimensions is not None and dimensions > size:
            raise ValueError(f"model.dimensions={dimensions}: x has {size} numbers; set it to {size} or less, or null")
        inside = size if dimensions is None else dimensions
        if samples != 0 and self.images < inside < size:
            raise ValueError(
                f"model.dimensions={dimensions}: {self.images} images have no more than {self.images} principal "
                "components; set it to that or less"
            )
        self.density = _Parameters(size=size, inside=inside, components=components)

    @property
    def real_per_update(self) -> int:
        return self.images

    def configure_optimizers(self) -> list[Optimizer]:
        """Look at the samples; a fresh model begins at them."""
        x = self.data.sample(self.seed, range(self.images), torch.device("cpu")).flatten(1)
        if not self.updates:
            self.density.begin(x, self.seed, self.floor)
        self.points = self.density.inside(x)  # [images, dimensions]
        if not self.by_gradient:
            return []
        self.optimizer = torch.optim.Adam(self.density.parameters(), lr=self.rate)
        return [self.optimizer]

    def iterate(self, update: int) -> None:
        loss = self._gradient_step() if self.by_gradient else self._em_step()
        self.log_mean(minus_log_likelihood=loss)

    def _em_step(self) -> Tensor:
        """One step of EM; minus the mean log-likelihood after it, []."""
        found = self.distribution()
        fit = GaussianMixture(
            n_components=len(found.means),
            reg_covar=self.floor,
            max_iter=1,
            weights_init=found.weights.numpy(),
            means_init=found.means.numpy(),
            precisions_init=torch.cholesky_inverse(found.roots).numpy(),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one step is asked for on purpose
            fit.fit(self.points.numpy())
        self.density.take(*map(torch.from_numpy, (fit.weights_, fit.means_, fit.covariances_)))
        return torch.tensor(-fit.score(self.points.numpy()))

    def _gradient_step(self) -> Tensor:
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, enabled=False):
            loss = -self.density.distribution().log_prob(self.points).mean()
            self.manual_backward(loss, inputs=list(self.density.parameters()))
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.density.parameters() if p.grad is not None])
        if not (isfinite(loss.item()) and isfinite(norm.item())):
            raise diverged("mixture", self.updates + 1, loss.item(), norm.item())
        wrapped = self.optimizers()
        assert not isinstance(wrapped, list)
        wrapped.step()
        return loss.detach()

    @torch.no_grad()
    def sample(self, indices: Sequence[int], seed: int, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            raise ValueError("this model knows no classes: draw without labels")
        drawn = self.distribution().sample(indices, seed)  # [count, dimensions], float64
        return self.density.outside(drawn).float().unflatten(1, self.shape).to(self.device)

    def sampling_module(self) -> nn.Module:
        return self.density

    @torch.no_grad()
    def log_prob(self, x: Tensor) -> Tensor:
        """log p(y(x)) in nats of x [count, *shape]: float64 [count]; a density on the subspace."""
        return self.distribution().log_prob(self.density.inside(x.flatten(1).cpu()))

    def distribution(self) -> FullMixture:
        """p, on the subspace."""
        found = self.density.distribution()
        return FullMixture(means=found.means.detach(), roots=found.roots.detach(), weights=found.weights.detach())


class _Parameters(nn.Module):
    """A subspace of x and a mixture in it, in float64, on the CPU wherever its model goes.

    Args:
        size: numbers of one x.
        inside: dimensions of the subspace.
        components: of the mixture.
    """

    kept: Tensor
    centre: Tensor
    axes: Tensor

    def __init__(self, *, size: int, inside: int, components: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("axes", torch.eye(inside, size, dtype=torch.float64))
        self.register_buffer("kept", torch.ones((), dtype=torch.float64))  # share of the variance in the subspace
        self.scores = nn.Parameter(torch.zeros(components, dtype=torch.float64))
        self.means = nn.Parameter(torch.zeros(components, inside, dtype=torch.float64))
        self.logs = nn.Parameter(torch.zeros(components, inside, dtype=torch.float64))  # of the roots' diagonals
        self.below = nn.Parameter(torch.zeros(components, inside, inside, dtype=torch.float64))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "_Parameters":
        return self  # neither moved nor converted: there are devices without float64

    @torch.no_grad()
    def begin(self, x: Tensor, seed: int, floor: float) -> None:
        """Find the subspace of x [count, size]; means at random samples, for each the covariance of all."""
        inside, size = self.axes.shape
        if inside < size:
            found = PCA(inside, svd_solver="randomized", random_state=seed).fit(x.numpy())
            self.centre.copy_(torch.from_numpy(found.mean_))
            self.axes.copy_(torch.from_numpy(found.components_))
            self.kept.fill_(float(found.explained_variance_ratio_.sum()))
        points = self.inside(x)
        rows = generator(seed, "first means").choice(len(points), len(self.means), replace=False)
        covariance = points.T.cov().reshape(inside, inside) + floor * torch.eye(inside, dtype=torch.float64)
        equal = torch.full([len(self.means)], 1 / len(self.means))
        self.take(equal, points[torch.from_numpy(rows)], covariance.expand(len(self.means), -1, -1))

    @torch.no_grad()
    def take(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        """Become this mixture."""
        roots = torch.linalg.cholesky(covariances.double())
        self.scores.copy_(weights.double().log())
        self.means.copy_(means)
        self.logs.copy_(roots.diagonal(dim1=1, dim2=2).log())
        self.below.copy_(roots.tril(-1))

    def distribution(self) -> FullMixture:
        """The mixture in the subspace."""
        roots = self.below.tril(-1) + torch.diag_embed(self.logs.exp())
        return FullMixture(means=self.means, roots=roots, weights=self.scores.softmax(0))

    def inside(self, x: Tensor) -> Tensor:
        """Coordinates [count, inside] of x [count, size]."""
        return (x.double() - self.centre) @ self.axes.T

    def outside(self, points: Tensor) -> Tensor:
        """x [count, size] of coordinates [count, inside]."""
        return self.centre + points @ self.axes
