"""Maximum likelihood of a mixture of round Gaussians, by expectation maximisation and by gradient (lecture II.1)."""

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ExpectationMaximisation
from torch import Tensor

from saddle.theory.gaussian_mixture import GaussianMixture


def by_em(samples: Tensor, start: GaussianMixture, steps: int) -> GaussianMixture:
    """The mixture after at most `steps` of EM (Dempster, Laird and Rubin 1977) on samples [count, size].

    Scikit-learn's, without its floor under the variances; it ends where a step gains less than 1e-14 nats.

    Raises:
        ValueError: the samples do not fit the start, or are all alike; a component has shrunk to a point, where the
            likelihood has no maximum.
    """
    samples, start = _detached(samples, start)
    fit = ExpectationMaximisation(
        n_components=len(start.means),
        covariance_type="spherical",
        tol=1e-14,
        reg_covar=0.0,
        max_iter=steps,
        weights_init=start.weights.numpy(),
        means_init=start.means.numpy(),
        precisions_init=start.deviations.numpy() ** -2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a path of few steps is asked for on purpose
        fit.fit(samples.numpy())
    found = (torch.from_numpy(each) for each in (fit.means_, fit.covariances_, fit.weights_))
    means, variances, weights = found
    return GaussianMixture(means=means, deviations=variances.sqrt(), weights=weights)


def by_gradient(samples: Tensor, start: GaussianMixture, steps: int) -> GaussianMixture:
    """The mixture after at most `steps` of L-BFGS on the mean log-likelihood of samples [count, size].

    In the means, the logarithms of the deviations and the scores of a softmax for the weights.

    Raises:
        ValueError: as for `by_em`.
    """
    samples, start = _detached(samples, start)
    parameters = [start.means.clone(), start.deviations.log(), start.weights.log()]
    free = [each.requires_grad_() for each in parameters]
    optimizer = torch.optim.LBFGS(
        free, max_iter=steps, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def mixture() -> GaussianMixture:
        means, log_deviations, scores = free
        return GaussianMixture(means=means, deviations=log_deviations.exp(), weights=scores.softmax(0))

    def loss() -> Tensor:
        optimizer.zero_grad()
        minus = -mixture().log_prob(samples).mean()
        minus.backward()
        return minus

    optimizer.step(loss)
    with torch.no_grad():
        return mixture()


def _detached(samples: Tensor, start: GaussianMixture) -> tuple[Tensor, GaussianMixture]:
    """Both without gradients, the samples in float64."""
    samples = samples.detach().double()
    if samples.dim() != 2 or samples.shape[1:] != start.shape or not samples.isfinite().all():
        raise ValueError(f"samples have to be finite and [count, *{list(start.shape)}], not {list(samples.shape)}")
    if len(samples.unique(dim=0)) < 2:
        raise ValueError("there have to be two samples that differ: on one point the likelihood has no maximum")
    means, deviations, weights = (each.detach() for each in (start.means, start.deviations, start.weights))
    return samples, GaussianMixture(means=means, deviations=deviations, weights=weights)
