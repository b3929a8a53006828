"""A Gaussian mixture fitted by maximum likelihood: a generator with a known density (lecture II.1)."""

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
    samples. An update is one step of EM on all of them (Dempster, Laird and Rubin 1977, by scikit-learn) or one step of
    Adam on their mean log-likelihood. The initial means are random samples, with the covariance of all samples. A
    sample is drawn in the subspace and mapped back to x; outside of the subspace, which has a share `kept` of the
    variance, x is that of the mean. The model has no codes and trains on a single device.

    Args:
        shape: shape of x.
        samples: number of training samples; None if it is infinite, 0 for a model that only samples.
        components: number of Gaussians.
        dimensions: dimensions of the subspace, at most those of x and at most `images`; null: y is x.
        images: number of training samples whose likelihood is maximised.
        fit: `em`, or `gradient` in the logits of the weights, the means and the Cholesky roots of the covariances.
        rate: learning rate of Adam, for `gradient`.
        floor: constant that `em` adds to the variances, in squared units of x.
        seed: seed of the initial means.

    Raises:
        ValueError: there are more components than images, or more dimensions than those of x or than the images span.
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
                f"model.components={components}: there are only {self.images} images to start from; set it to "
                f"{self.images} or less"
            )
        if dimensions is not None and dimensions > size:
            raise ValueError(f"model.dimensions={dimensions}: x has {size} numbers; set it to {size} or less, or null")
        rank = size if dimensions is None else dimensions
        if samples != 0 and self.images < rank < size:
            raise ValueError(
                f"model.dimensions={dimensions}: {self.images} images have no more than {self.images} principal "
                "components; set it to that or less"
            )
        self.density = _Parameters(size=size, dimensions=rank, components=components)

    @property
    def real_per_update(self) -> int:
        return self.images

    def configure_optimizers(self) -> list[Optimizer]:
        """Load the samples; a new model is initialised from them."""
        x = self.data.sample(self.seed, range(self.images), torch.device("cpu")).flatten(1)
        if not self.updates:
            self.density.initialise(x, self.seed, self.floor)
        self.points = self.density.inside(x)  # [images, dimensions]
        if not self.by_gradient:
            return []
        self.optimizer = torch.optim.Adam(self.density.parameters(), lr=self.rate)
        return [self.optimizer]

    def iterate(self, update: int) -> None:
        loss = self._gradient_step() if self.by_gradient else self._em_step()
        self.log_mean(minus_log_likelihood=loss)

    def _em_step(self) -> Tensor:
        """One step of EM; returns minus the mean log-likelihood after it, []."""
        mixture = self.distribution()
        fit = GaussianMixture(
            n_components=len(mixture.means),
            reg_covar=self.floor,
            max_iter=1,
            weights_init=mixture.weights.numpy(),
            means_init=mixture.means.numpy(),
            precisions_init=torch.cholesky_inverse(mixture.roots).numpy(),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one step is intended
            fit.fit(self.points.numpy())
        self.density.assign(*map(torch.from_numpy, (fit.weights_, fit.means_, fit.covariances_)))
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
            raise ValueError("this model has no classes: draw without labels")
        points = self.distribution().sample(indices, seed)  # [count, dimensions], float64
        return self.density.outside(points).float().unflatten(1, self.shape).to(self.device)

    def sampling_module(self) -> nn.Module:
        return self.density

    @torch.no_grad()
    def log_prob(self, x: Tensor) -> Tensor:
        """log p(y(x)) in nats of x [count, *shape]: float64 [count]; a density on the subspace."""
        return self.distribution().log_prob(self.density.inside(x.flatten(1).cpu()))

    def distribution(self) -> FullMixture:
        """A copy of p, on the subspace, without gradients; later updates do not change it."""
        mixture = self.density.distribution()
        parts = {name: getattr(mixture, name).detach() for name in ("means", "roots", "weights")}
        return FullMixture(**parts)


class _Parameters(nn.Module):
    """A subspace of x and a mixture in it, in float64, always on the CPU.

    Args:
        size: number of entries of one x.
        dimensions: dimensions of the subspace.
        components: number of components of the mixture.
    """

    kept: Tensor
    centre: Tensor
    axes: Tensor

    def __init__(self, *, size: int, dimensions: int, components: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("axes", torch.eye(dimensions, size, dtype=torch.float64))
        self.register_buffer("kept", torch.ones((), dtype=torch.float64))  # share of the variance in the subspace
        self.scores = nn.Parameter(torch.zeros(components, dtype=torch.float64))
        self.means = nn.Parameter(torch.zeros(components, dimensions, dtype=torch.float64))
        self.logs = nn.Parameter(torch.zeros(components, dimensions, dtype=torch.float64))  # of the roots' diagonals
        self.below = nn.Parameter(torch.zeros(components, dimensions, dimensions, dtype=torch.float64))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "_Parameters":
        return self  # neither moved nor converted, because some devices have no float64

    @torch.no_grad()
    def initialise(self, x: Tensor, seed: int, floor: float) -> None:
        """Fit the subspace to x [count, size]; means are random samples, covariances that of all samples."""
        dimensions, size = self.axes.shape
        if dimensions < size:
            pca = PCA(dimensions, svd_solver="randomized", random_state=seed).fit(x.numpy())
            self.centre.copy_(torch.from_numpy(pca.mean_))
            self.axes.copy_(torch.from_numpy(pca.components_))
            self.kept.fill_(float(pca.explained_variance_ratio_.sum()))
        points = self.inside(x)
        rows = generator(seed, "first means").choice(len(points), len(self.means), replace=False)
        covariance = points.T.cov().reshape(dimensions, dimensions) + floor * torch.eye(dimensions, dtype=torch.float64)
        equal = torch.full([len(self.means)], 1 / len(self.means))
        self.assign(equal, points[torch.from_numpy(rows)], covariance.expand(len(self.means), -1, -1))

    @torch.no_grad()
    def assign(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        """Set the parameters to those of this mixture."""
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
        """Coordinates [count, dimensions] of x [count, size]."""
        return (x.double() - self.centre) @ self.axes.T

    def outside(self, points: Tensor) -> Tensor:
        """x [count, size] of coordinates [count, dimensions]."""
        return self.centre + points @ self.axes
