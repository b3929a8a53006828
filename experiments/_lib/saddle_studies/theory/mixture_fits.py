"""Maximum likelihood of a mixture of round Gaussians, by expectation maximisation and by gradient (lecture II.1)."""

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ExpectationMaximisation
from torch import Tensor

from saddle.theory.gaussian_mixture import GaussianMixture

EXPLAINED = 1e-6
"""A component explains a value of the samples whose posterior probability of that component is larger."""
COLLAPSED = (
    "a component has collapsed onto a single value of the samples, where the likelihood has no maximum: use fewer "
    "components, another start, or fewer steps"
)


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
        warnings.simplefilter("ignore", ConvergenceWarning)  # the few steps are intended
        try:
            fit.fit(samples.numpy())
        except ValueError:  # a variance of 0; the samples themselves were checked above
            raise ValueError(COLLAPSED) from None
    means, variances, weights = (torch.from_numpy(each) for each in (fit.means_, fit.covariances_, fit.weights_))
    return _with_maximum(samples, means, variances.sqrt(), weights)


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

    try:
        optimizer.step(loss)
    except ValueError:  # a deviation of 0, or a parameter that is NaN
        raise ValueError(COLLAPSED) from None
    means, log_deviations, scores = (each.detach() for each in free)
    return _with_maximum(samples, means, log_deviations.exp(), scores.softmax(0))


def _with_maximum(samples: Tensor, means: Tensor, deviations: Tensor, weights: Tensor) -> GaussianMixture:
    """The mixture of these parameters, unless one of its components is shrinking to a single value of the samples.

    A component at a maximum has the variance of the samples that it explains, so it explains at least two values. The
    test asks which values it explains and not how narrow it is: how far an optimiser gets on the way to a deviation of
    0 depends on a processor's last bits.
    """
    if not (deviations > 0).all() or not all(each.isfinite().all() for each in (means, deviations, weights)):
        raise ValueError(COLLAPSED)
    values = samples.unique(dim=0)  # [values, size]
    distances = torch.cdist(values, means, compute_mode="donot_use_mm_for_euclid_dist")  # [values, components]
    log_joint = weights.log() - means.shape[1] * deviations.log() - (distances / deviations).square() / 2
    explained = log_joint.softmax(dim=1) > EXPLAINED
    if (explained.sum(0) == 1).any():
        raise ValueError(COLLAPSED)
    return GaussianMixture(means=means, deviations=deviations, weights=weights)


def _detached(samples: Tensor, start: GaussianMixture) -> tuple[Tensor, GaussianMixture]:
    """Both without gradients, the samples in float64."""
    samples = samples.detach().double()
    if samples.dim() != 2 or samples.shape[1:] != start.shape or not samples.isfinite().all():
        raise ValueError(f"samples have to be finite and [count, *{list(start.shape)}], not {list(samples.shape)}")
    if len(samples.unique(dim=0)) < 2:
        raise ValueError("there have to be two samples that differ: on one point the likelihood has no maximum")
    means, deviations, weights = (each.detach() for each in (start.means, start.deviations, start.weights))
    return samples, GaussianMixture(means=means, deviations=deviations, weights=weights)
