"""Maximum likelihood is the minimum of KL(P_data || P_G)."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from saddle.theory import between
from saddle.theory.arrangements import line
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle_studies.figures import likelihood as figure_of_likelihood
from saddle_studies.figures import one_gaussian as figure_of_one_gaussian
from saddle_studies.theory.likelihood import (
    argmax,
    entropy,
    kl_from,
    mean_log_likelihood,
    sandwich_deviation,
    two_modes,
)
from saddle_studies.theory.mixture_fits import by_em, by_gradient
from saddle_studies.theory.mixture_generator import MixtureGenerator
from saddle_studies.theory.one_gaussian import covering, gaussian, seeking

Fit = Callable[[Tensor, GaussianMixture, int], GaussianMixture]
X = torch.linspace(-12, 12, 2401, dtype=torch.float64)
STEP = 0.01


def mixture(means: list[float], deviations: list[float], weights: list[float]) -> GaussianMixture:
    return GaussianMixture(
        means=torch.tensor(means)[:, None], deviations=torch.tensor(deviations), weights=torch.tensor(weights)
    )


INSIDE = mixture([-1.5, 1.5], [1.0, 1.0], [0.5, 0.5])
"""Of the family N(-theta, 1) / 2 + N(theta, 1) / 2, at theta = 1.5."""
OUTSIDE = mixture([-2.0, 1.0, 2.5], [0.6, 0.8, 0.5], [0.4, 0.35, 0.25])
"""Of no option of it."""
START = torch.tensor(1.5, dtype=torch.float64)


def population(target: GaussianMixture) -> tuple[Tensor, Tensor]:
    """log p_data and weights of its quadrature [points]."""
    log_data = target.log_prob(X[:, None])
    return log_data, STEP * log_data.exp()


@pytest.mark.parametrize("target", [INSIDE, OUTSIDE], ids=["inside", "outside"])
def test_both_curves_have_one_argmin(target: GaussianMixture) -> None:
    """E log p_theta + KL is minus the entropy at every theta, and each curve's own argmin is the same to 1e-6."""
    log_data, weights = population(target)
    theta = torch.linspace(0.5, 3, 101, dtype=torch.float64)
    likelihood = mean_log_likelihood(two_modes, theta, X, weights)
    divergence = kl_from(two_modes, theta, X, weights, log_data)
    constant = likelihood + divergence
    torch.testing.assert_close(constant, -entropy(weights, log_data).expand(101), rtol=0, atol=1e-12)
    best = argmax(lambda at: mean_log_likelihood(two_modes, at, X, weights), START, 20)
    least = argmax(lambda at: -kl_from(two_modes, at, X, weights, log_data), START + 0.1, 20)
    assert best.item() == pytest.approx(least.item(), abs=1e-6)
    assert (theta[likelihood.argmax()] - best).abs() <= 0.025
    if target is INSIDE:
        assert best.item() == pytest.approx(1.5, abs=1e-9)


def test_the_curve_is_the_divergence_by_quadrature() -> None:
    """Another way to the same KL: adaptive cells between two densities."""
    log_data, weights = population(OUTSIDE)
    for at in (0.8, 1.9):
        option = mixture([-at, at], [1.0, 1.0], [0.5, 0.5])
        at = option.means[1, 0].item()  # rounded to float32
        found = kl_from(two_modes, torch.tensor(at, dtype=torch.float64), X, weights, log_data).item()
        assert found == pytest.approx(between.kl(OUTSIDE, option).value, abs=1e-9)


def samples(target: GaussianMixture, runs: int, count: int) -> Tensor:
    return target.sample(range(runs * count), 7)[:, 0].view(runs, count)


@pytest.mark.parametrize("target", [INSIDE, OUTSIDE], ids=["inside", "outside"])
def test_the_argmax_of_a_sample_converges_like_its_root(target: GaussianMixture) -> None:
    """sqrt(m) (argmax - theta*) has White's deviation: root mean squares of 200 samples within 15% of it."""
    _, weights = population(target)
    best = argmax(lambda at: mean_log_likelihood(two_modes, at, X, weights), START, 20)
    limit = sandwich_deviation(two_modes, best.item(), X, weights)
    for count in (64, 256, 1024):
        x, each = samples(target, 200, count), torch.tensor(1 / count)
        found = argmax(partial(mean_log_likelihood, two_modes, points=x, weights=each), best.expand(200), 5)
        error = (found - best).square().mean().sqrt().item()
        assert error * math.sqrt(count) == pytest.approx(limit, rel=0.15)


def test_a_well_specified_deviation_is_that_of_fisher() -> None:
    """For N(theta, s^2) it is s, and for a target of another variance that of the target."""

    def normal(theta: Tensor, x: Tensor) -> Tensor:
        return -(x - theta).square() / 2

    for deviation in (1.0, 0.5):
        _, weights = population(mixture([0.25], [deviation], [1.0]))
        assert sandwich_deviation(normal, 0.25, X, weights) == pytest.approx(deviation, abs=1e-9)


def test_a_start_from_which_there_is_no_maximum_is_an_error() -> None:
    with pytest.raises(ValueError, match="which is no maximum: start closer to one"):
        argmax(lambda theta: theta.square(), torch.tensor(1.0, dtype=torch.float64), 3)
    with pytest.raises(ValueError, match="which is no maximum: start closer to one"):
        argmax(lambda theta: -(theta**4), torch.tensor(1.0, dtype=torch.float64), 3)  # on the way to one


def test_em_and_gradient_reach_the_same_likelihood() -> None:
    """On samples of three Gaussians, from one start, to 1e-9 nats; both above the truth, as the maximum is."""
    x = OUTSIDE.sample(range(1500), 3)
    start = mixture([-1.0, 0.5, 3.0], [1.0, 1.0, 1.0], [0.3, 0.4, 0.3])
    fits = by_em(x, start, 20_000), by_gradient(x, start, 500)
    em, gradient = (fit.log_prob(x).mean().item() for fit in fits)
    assert em == pytest.approx(gradient, abs=1e-8)
    assert em > OUTSIDE.log_prob(x).mean().item() > start.log_prob(x).mean().item()
    torch.testing.assert_close(fits[0].means, fits[1].means, rtol=0, atol=1e-3)


def test_em_never_descends() -> None:
    x = OUTSIDE.sample(range(400), 4)
    fit, last = mixture([-1.0, 0.5, 3.0], [1.0, 1.0, 1.0], [0.3, 0.4, 0.3]), -math.inf
    for _ in range(10):
        fit = by_em(x, fit, 1)
        assert fit.log_prob(x).mean().item() >= last
        last = fit.log_prob(x).mean().item()


@pytest.mark.parametrize("fit", [by_em, by_gradient])
def test_what_has_no_maximum_is_refused(fit: Fit) -> None:
    start = mixture([0.0], [1.0], [1.0])
    for wrong in (torch.ones(1, 1), torch.ones(5, 1)):
        with pytest.raises(ValueError, match="two samples that differ"):
            fit(wrong, start, 10)
    for wrong in (torch.randn(5), torch.zeros(5, 2), torch.tensor([[0.0], [math.nan]])):
        with pytest.raises(ValueError, match="finite and"):
            fit(wrong, start, 10)
    for steps in (100, 500, 2000):  # one component on two equal samples, another on a single one
        with pytest.raises(ValueError, match="a component has collapsed"):
            fit(torch.tensor([[0.0], [0.0], [1.0]]), mixture([-1.0, 1.0], [1.0, 1.0], [0.5, 0.5]), steps)


@pytest.mark.parametrize("fit", [by_em, by_gradient])
def test_a_fit_may_be_narrow_and_begin_at_a_trained_mixture(fit: Fit) -> None:
    """The deviation is that of the samples, 1e-4, without a floor below it."""
    x = 1e-4 * OUTSIDE.sample(range(400), 5)
    start = MixtureGenerator(start=mixture([0.0], [2e-4], [1.0])).mixture
    found = fit(x, start, 200)
    assert found.deviations.item() == pytest.approx(x.std(correction=0).item(), rel=1e-6)
    assert found.means.item() == pytest.approx(x.mean().item(), rel=1e-6)


TWO = mixture([-4.0, 4.0], [1.0, 1.0], [0.5, 0.5])


def test_likelihood_covers_and_the_reverse_seeks() -> None:
    """Two modes 8 deviations apart: N(0, 17) by likelihood; N(+-4, 1) at log 2 by KL(Q || P)."""
    cover = covering(TWO)
    assert cover.means.item() == 0
    assert cover.deviations.item() ** 2 == pytest.approx(17, abs=1e-12)
    for start, side in ((3.0, 4.0), (-3.0, -4.0)):
        seek = seeking(TWO, gaussian(torch.tensor(start).double(), torch.tensor(1.0).double()), 200)
        assert seek.means.item() == pytest.approx(side, abs=2e-3)
        assert seek.deviations.item() == pytest.approx(1.0, abs=2e-3)
        assert between.kl(seek, TWO).value == pytest.approx(math.log(2), abs=2e-3)
        assert between.kl(seek, TWO).value < between.kl(cover, TWO).value
        assert between.kl(TWO, cover).value < between.kl(TWO, seek).value
    assert between.kl(TWO, cover).value == pytest.approx(math.log(17) / 2 - math.log(2), abs=2e-3)


@pytest.mark.parametrize("centre", [1e4, 1e8])
def test_covering_far_from_zero(centre: float) -> None:
    """Second moments would cancel there: their difference is nothing at 1e8."""
    found = covering(line(means=[centre - 1, centre + 1], deviations=[1, 1], weights=[0.5, 0.5]))
    assert found.deviations.item() ** 2 == pytest.approx(2, abs=1e-12)


def test_covering_is_the_best_likelihood() -> None:
    """Moments against neighbours, on a lopsided target."""
    best = covering(OUTSIDE)
    least = between.kl(OUTSIDE, best).value
    for mean, deviation in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        near = gaussian(best.means[0, 0] + mean, best.deviations[0] + deviation)
        assert between.kl(OUTSIDE, near).value > least + 1e-6


def test_close_modes_are_covered_either_way() -> None:
    """Seeking needs modes that are apart: for modes 1 deviation apart both stand in the middle."""
    close = mixture([-0.5, 0.5], [1.0, 1.0], [0.5, 0.5])
    seek = seeking(close, gaussian(torch.tensor(0.4).double(), torch.tensor(1.0).double()), 200)
    assert seek.means.item() == pytest.approx(0, abs=1e-5)
    assert seek.deviations.item() < covering(close).deviations.item()


def test_figures() -> None:
    log_data, weights = population(OUTSIDE)
    theta = torch.linspace(0.5, 3, 101, dtype=torch.float64)
    x = samples(OUTSIDE, 1, 100)[0]
    best = argmax(lambda at: mean_log_likelihood(two_modes, at, X, weights), START, 20)
    counts, errors = torch.tensor([64.0, 256.0]), []
    for count in (64, 256):
        several, each = samples(OUTSIDE, 50, count), torch.tensor(1 / count)
        found = argmax(partial(mean_log_likelihood, two_modes, points=several, weights=each), best.expand(50), 5)
        errors.append((found - best).square().mean().sqrt())
    figure = figure_of_likelihood.draw(
        theta,
        mean_log_likelihood(two_modes, theta, X, weights),
        mean_log_likelihood(two_modes, theta, x, torch.tensor(1 / len(x))),
        kl_from(two_modes, theta, X, weights, log_data),
        best.item(),
        counts,
        torch.stack(errors),
    )
    assert [panel.get_xscale() for panel in figure.axes] == ["linear", "log"]
    seek = seeking(TWO, gaussian(torch.tensor(3.0).double(), torch.tensor(1.0).double()), 200)
    densities = [each.log_prob(X[:, None]).exp() for each in (TWO, covering(TWO), seek)]
    assert len(figure_of_one_gaussian.draw(X, *densities).axes) == 1
