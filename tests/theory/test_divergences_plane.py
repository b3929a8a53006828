"""Divergences in the plane, between one another, and of what has no density."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import ncx2, wasserstein_distance

from estimates import ALL, assert_close, gaussian, in_the_plane, numbers
from saddle.theory import between, divergences
from saddle.theory.arrangements import grid, line, ring, spiral
from saddle.theory.discrete import Discrete
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.wasserstein import wasserstein
from saddle_studies.figures import smoothed_jsd as smoothed_jsd_figure
from saddle_studies.theory.affine_generator import AffineGenerator
from saddle_studies.theory.smoothed_jsd import even_codes, smoothed_jsd

# ---- quadrature in the plane


def test_gaussians_in_the_plane() -> None:
    p, q, r = in_the_plane([0, 0], 1), in_the_plane([1, 0.5], 1.5), in_the_plane([1, 0.5], 1)
    assert_close(between.kl(p, q), 2 * math.log(1.5) + 3.25 / 4.5 - 1, 1e-6)
    assert_close(between.squared_hellinger(p, q), 2 - 2 * (3 / 3.25) * math.exp(-1.25 / 13), 1e-6)
    assert_close(between.chi_squared(p, r), math.expm1(1.25), 1e-7)
    assert_close(between.total_variation(p, r), math.erf(math.sqrt(1.25 / 8)), 1e-5)
    far = between.jsd(in_the_plane([0, 0], 1e-3), in_the_plane([1e3, 1e6], 1))
    assert_close(far, math.log(2), 1e-6)


@pytest.mark.parametrize(("away", "wider", "angle"), [(1.180937, 10.989935, 0.781611), (1.683686, 3.125739, 2.863234)])
def test_the_error_in_the_plane_covers_what_a_kink_hides(away: float, wider: float, angle: float) -> None:
    """p = q on a circle, whose mass under either side is a non-central chi-squared's."""
    k = 1 - 1 / wider**2
    centre = -away / wider**2 / k
    square = centre**2 + (away**2 / wider**2 + 4 * math.log(wider)) / k
    inside = ncx2.cdf(square, 2, centre**2) - ncx2.cdf(square / wider**2, 2, ((centre - away) / wider) ** 2)
    other = in_the_plane([away * math.cos(angle), away * math.sin(angle)], wider)
    assert_close(between.total_variation(in_the_plane([0, 0], 1), other), inside, 1e-5)


def test_oblique_gaussians_in_the_plane() -> None:
    """KL of N(b, A A^T) from N(c, C C^T), six times longer than wide and at an angle."""
    p = AffineGenerator(matrix=torch.tensor([[3.0, 1.0], [1.0, 1.0]]), offset=numbers(1, 2))
    q = AffineGenerator(matrix=torch.tensor([[1.0, 1.0], [0.0, 0.5]]), offset=numbers(0, 2))
    s, t = (each.matrix.detach() @ each.matrix.detach().T for each in (p, q))
    gap = (q.offset - p.offset).detach()
    expected = torch.trace(t.inverse() @ s) + gap @ t.inverse() @ gap - 2 + torch.logdet(t) - torch.logdet(s)
    assert_close(between.kl(p, q), expected.item() / 2, 1e-6)


def turned(long: float, short: float, angle: float) -> AffineGenerator:
    """N(0, diag(long^2, short^2)), turned."""
    turn = numbers(math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle)).view(2, 2)
    return AffineGenerator(matrix=turn @ torch.diag(numbers(long, short)), offset=numbers(0, 0))


def test_a_flat_chi_squared_is_found_or_refused() -> None:
    """p^2 / q is as narrow as p or q, and may be far longer: between the nodes of all that they know of."""
    for long, short in ((1.2, 0.12), (1.395, 0.1)):
        truth = 1 / (long * short) ** 2 / math.sqrt((2 / long**2 - 1) * (2 / short**2 - 1)) - 1
        assert_close(between.chi_squared(turned(long, short, 0.3), in_the_plane([0, 0], 1)), truth, 1e-6)
    across = math.sqrt(2 / 0.14**2 - 1 / 0.101**2) * math.sqrt(2 / 0.14**2 - 1)
    truth = 0.101 / 0.14**4 / across - 1  # of a round p, whose p^2 / q lies across a flat q
    assert_close(between.chi_squared(in_the_plane([0, 0], 0.14), turned(1, 0.101, 0.3)), truth, 1e-6)
    with pytest.raises(ValueError, match=r"deviations differ 1\.3e\+03 times"):
        between.chi_squared(turned(1.41, 0.0141, 0), in_the_plane([0, 0], 1))
    with pytest.raises(ValueError, match="flat Gaussian and p\\^2 / q is none"):
        between.chi_squared(turned(1.3, 0.1, 0.3), ring(count=3, radius=2, deviation=1))


def test_rings_grids_and_spirals() -> None:
    """Modes so far apart that each is compared with its own: the divergence is that of one pair of Gaussians."""
    narrow, wide = (ring(count=8, radius=2, deviation=s) for s in (0.02, 0.05))
    assert_close(between.kl(narrow, wide), 2 * math.log(2.5) + 0.16 - 1, 1e-7)
    five, some = grid(side=5, spacing=2, deviation=0.1), grid(side=3, spacing=2, deviation=0.1)
    assert_close(between.kl(some, five), math.log(25 / 9), 1e-6)  # all modes of `some` are modes of `five`
    arms = spiral(count=9, turns=2, radius=4, deviation=0.1)
    far = GaussianMixture(means=arms.means + 100, deviations=arms.deviations, weights=arms.weights)
    assert_close(between.jsd(arms, far), math.log(2), 1e-6)


# ---- how they hang together


@pytest.mark.parametrize("seed", range(5))
def test_inequalities(seed: int) -> None:
    """Pinsker; Hellinger^2 / 2 <= TV <= Hellinger; TV^2 / 2 <= JSD <= TV log 2 (Lin 1991); KL <= log(1 + chi^2)."""
    draw = torch.Generator().manual_seed(seed)
    means, deviations = 3 * torch.randn(2, 3, generator=draw), 1 + torch.rand(2, 3, generator=draw) / 3
    weights = torch.rand(2, 3, generator=draw).softmax(1)
    p, q = (
        GaussianMixture(means=means[i][:, None], deviations=deviations[i], weights=weights[i].double())
        for i in range(2)
    )
    kl, _, jsd, tv, chi, hellinger = (each(p, q).value for each in ALL)
    assert 2 * tv**2 <= kl <= math.log1p(chi)
    assert hellinger / 2 <= tv <= math.sqrt(hellinger)
    assert tv**2 / 2 <= jsd <= tv * math.log(2)


# ---- Wasserstein-1


def test_wasserstein_on_the_line() -> None:
    """A shift costs its length; scaling by s costs |s - 1| E |x|; mixtures as scipy has the area."""
    assert_close(wasserstein(gaussian(0, 1), gaussian(1e6, 1)), 1e6, 1e-10)
    assert_close(wasserstein(gaussian(0, 1), gaussian(0, 3)), 2 * math.sqrt(2 / math.pi), 1e-10)
    assert_close(wasserstein(gaussian(0, 1e-3), gaussian(2e-3, 1e-3)), 2e-3, 1e-10)
    p, q = line(means=[-2, 2], deviations=[0.5, 0.8], weights=[0.4, 0.6]), gaussian(0.5, 1.5)
    crossings = [-4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4]
    by_scipy = quad(
        lambda x: abs(p.cdf(numbers(x)).item() - q.cdf(numbers(x)).item()), -15, 15, points=crossings, limit=500
    )
    assert wasserstein(p, q).value == pytest.approx(by_scipy[0], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_wasserstein_of_points(seed: int) -> None:
    draw = np.random.default_rng(seed)
    at, weights = draw.standard_normal((2, 9)), draw.dirichlet(np.ones(9), 2)
    p, q = (
        Discrete(points=torch.from_numpy(at[i])[:, None], probabilities=torch.from_numpy(weights[i])) for i in range(2)
    )
    assert wasserstein(p, q).value == pytest.approx(
        wasserstein_distance(at[0], at[1], weights[0], weights[1]), abs=1e-14
    )


# ---- without a density


def test_smoothed_jsd_on_the_line() -> None:
    """From codes alone, it is the JSD of the convolved densities within its error, and below the JSD."""
    p = line(means=[-2, 2], deviations=[0.5, 0.8], weights=[0.4, 0.6])
    g, jsd = gaussian(0, 1.5), between.jsd(p, gaussian(0, 1.5)).value
    codes = even_codes(count=1024, size=1, seed=0)
    deviations = [0.2, 0.4, 0.8, 1.6]
    found = [smoothed_jsd(p, 1.5 * codes, deviation=each) for each in deviations]
    exact = [between.jsd(p.smoothed(each), g.smoothed(each)).value for each in deviations]
    for one, truth in zip(found, exact, strict=True):
        assert abs(one.value - truth) < one.error < 1e-3
        assert one.value + one.error < jsd
    assert exact == sorted(exact, reverse=True)  # more noise tells less
    few = smoothed_jsd(p, 1.5 * even_codes(count=128, size=1, seed=0), deviation=0.05)
    assert few.value > jsd > few.value - few.error  # too few codes for so little noise: only the error says so
    figure = smoothed_jsd_figure.draw(deviations=deviations, smoothed=found, exact=exact, jsd=jsd)
    assert "nats" in figure.axes[0].get_ylabel()


def test_smoothed_jsd_in_the_plane() -> None:
    """Eight modes against one Gaussian; and points, which have no density, against the generator that draws them."""
    codes = even_codes(count=256, size=2, seed=0)
    modes = ring(count=8, radius=2, deviation=0.2)
    found = smoothed_jsd(modes, 1.2 * codes, deviation=0.8)
    truth = between.jsd(modes.smoothed(0.8), in_the_plane([0, 0], math.sqrt(1.44 + 0.64))).value
    assert abs(found.value - truth) < found.error < 6e-3
    assert found.value + found.error < between.jsd(modes, in_the_plane([0, 0], 1.2)).value


def test_what_the_error_of_the_smoothed_jsd_does_not_see() -> None:
    """It is an indication: none of 64 codes is rare enough to be sent far away, and they are all of one opinion."""
    codes = even_codes(count=64, size=1, seed=3)
    rare = torch.where(codes > codes.max() + 0.1, 30.0, -2.0)
    found = smoothed_jsd(gaussian(0, 1), rare, deviation=0.5)
    share = math.erfc((codes.max().item() + 0.1) / math.sqrt(2)) / 2
    both = line(means=[30, -2], deviations=[0.5, 0.5], weights=[share, 1 - share])
    assert found.error < 1e-10 < 1e-4 < abs(found.value - between.jsd(gaussian(0, 1).smoothed(0.5), both).value)


def test_smoothed_jsd_of_points() -> None:
    """The same points: 0. All of the generator on one of two points: as the noise vanishes, the exact JSD."""
    p = Discrete(points=torch.tensor([[0.0], [1.0]]), probabilities=numbers(0.5, 0.5))
    same = torch.tensor([[0.0], [1.0], [0.0], [1.0]])
    assert smoothed_jsd(p, same, deviation=0.3).value < 1e-12
    collapsed = smoothed_jsd(p, torch.zeros(4, 1), deviation=1e-3)
    assert collapsed.value == pytest.approx(divergences.jsd(numbers(0.5, 0.5), numbers(1, 0)).item(), abs=1e-10)


def test_smoothed_jsd_refuses() -> None:
    p = gaussian(0, 1)
    for generated in (torch.zeros(4), torch.zeros(4, 2), torch.zeros(5, 1)):
        with pytest.raises(ValueError, match="an even count"):
            smoothed_jsd(p, generated, deviation=1.0)
    for points, deviation in ((torch.zeros(4, 1), 0.0), (torch.full((4, 1), torch.nan), 1.0)):
        with pytest.raises(ValueError, match="above 0 and the points finite"):
            smoothed_jsd(p, points, deviation=deviation)
    with pytest.raises(ValueError, match="powers of two"):
        even_codes(count=100, size=1, seed=0)
