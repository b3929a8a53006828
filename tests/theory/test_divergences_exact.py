"""Divergences by sums and on the line: closed forms, refinement, what is infinite or refused."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from estimates import ALL, Between, assert_close, gaussian, in_the_plane, numbers
from saddle.theory import between, divergences
from saddle.theory.arrangements import line
from saddle.theory.bars_and_stripes import bars_and_stripes
from saddle.theory.crossings import crossings
from saddle.theory.density import MassCentres
from saddle.theory.discrete import Discrete
from saddle.theory.estimate import Estimate
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.quadrature import integral
from saddle.theory.wasserstein import wasserstein
from saddle_studies.theory.affine_generator import AffineGenerator

SUMS = [getattr(divergences, each.__name__) for each in ALL]


# ---- sums


def test_sums_on_two_points() -> None:
    """Written out; p and q differ, so that a KL the wrong way round would be seen."""
    p, q = numbers(0.25, 0.75), numbers(0.5, 0.5)
    forth = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    back = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    m = numbers(0.375, 0.625)
    to_m = [sum(a * math.log(a / b) for a, b in zip(side.tolist(), m.tolist(), strict=True)) for side in (p, q)]
    hellinger = (0.5 - math.sqrt(0.5)) ** 2 + (math.sqrt(0.75) - math.sqrt(0.5)) ** 2
    expected = [forth, back, sum(to_m) / 2, 0.25, 0.25, hellinger]
    assert [of_points(p, q).item() for of_points in SUMS] == pytest.approx(expected, abs=1e-15)


def test_sums_at_their_ends() -> None:
    """Zeros: no term where both are 0; the ends of bounded divergences; infinite ones are inf."""
    p, q = numbers(0.5, 0.5, 0, 0), numbers(0, 0, 0.5, 0.5)
    ends = [math.inf, math.inf, math.log(2), 1, math.inf, 2]
    assert [of_points(p, q).item() for of_points in SUMS] == pytest.approx(ends, abs=1e-15)
    assert divergences.triangular(p, q) == 2
    assert all(of_points(p, p) == 0 for of_points in SUMS)
    assert divergences.kl(p, numbers(0.25, 0.25, 0.25, 0.25)).item() == pytest.approx(math.log(2), abs=1e-15)
    several = divergences.jsd(torch.stack([p, p]), torch.stack([p, q]))
    assert several.tolist() == pytest.approx([0, math.log(2)], abs=1e-15)
    assert divergences.kl(p.float(), p.float()).dtype == torch.float64


@pytest.mark.parametrize(
    "wrong", [numbers(0.5, 0.6), numbers(1.5, -0.5), numbers(1.0), numbers(math.nan, 1), numbers(0.5, 0.501)]
)
def test_sums_refuse_what_is_no_distribution(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match=r"sum to 1|\[\.\.\., points\]"):
        divergences.kl(wrong, numbers(0.5, 0.5))


def test_sums_are_of_probabilities_that_sum_to_one() -> None:
    """What float32 leaves of a sum is divided out; without that KL(p || p (1 + 1e-6)) would be -1e-6."""
    p, q = numbers(0.25, 0.75), numbers(0.5, 0.5)
    for of_points in SUMS:
        found = of_points(p * (1 - 9e-7), q * (1 + 9e-7)).item()
        assert found == pytest.approx(of_points(p, q).item(), abs=1e-15)
        assert of_points(p * (1 - 9e-7), p * (1 + 9e-7)).item() == pytest.approx(0, abs=1e-15)


def test_discrete_distributions_meet_on_all_their_points() -> None:
    """Points that only one has count; in any order."""
    p = Discrete(points=torch.tensor([[0.0], [1.0]]), probabilities=numbers(0.5, 0.5))
    q = Discrete(points=torch.tensor([[2.0], [1.0]]), probabilities=numbers(0.25, 0.75))
    found = [each(p, q).value for each in ALL]
    expected = [of_points(numbers(0.5, 0.5, 0), numbers(0, 0.75, 0.25)).item() for of_points in SUMS]
    assert found == pytest.approx(expected, abs=1e-15)
    images = bars_and_stripes(3)
    alike = Discrete(points=images.points, probabilities=torch.full((14,), 1 / 14, dtype=torch.float64))
    plain = 2 * 1 / 8 * math.log(14 / 8) + 12 / 16 * math.log(14 / 16)
    assert between.kl(images, alike).value == pytest.approx(plain, abs=1e-15)


# ---- quadrature on the line

PAIRS = [
    (0, 1, 1, 2),
    (0, 1, 1e-4, 1),
    (0, 1e-3, 1, 1),
    (1, 1, 0, 1e-3),
    (0, 1, 1e6, 1),
    (1e6, 1e-3, 1e6 + 2e-3, 1e-3),
    (0, 1e3, 0, 1e-3),
    (0, 1, 0, 1),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_gaussians_on_the_line(pair: tuple[float, float, float, float]) -> None:
    """KL, Hellinger, chi-squared and total variation in closed form: narrow, shifted a little, far apart, far away."""
    m, s, n, t = pair
    p, q, between_means = gaussian(m, s), gaussian(n, t), (m - n) ** 2
    for one, other, a, b in ((p, q, s, t), (q, p, t, s)):
        expected = math.log(b / a) + (a**2 + between_means) / (2 * b**2) - 0.5
        assert_close(between.kl(one, other), expected, 1e-8)
        if max(abs(m), abs(n)) <= 1e6 * min(s, t):  # further from 0 rounding tells
            assert between.kl(one, other).error < 2e-11 * max(1, expected)
    overlap = math.sqrt(2 * s * t / (s**2 + t**2)) * math.exp(-between_means / (4 * (s**2 + t**2)))
    assert_close(between.squared_hellinger(p, q), 2 - 2 * overlap, 1e-8)
    assert between.jsd(p, q) == between.jsd(q, p)
    narrower = 2 / s**2 - 1 / t**2  # of p^2 / q: Gaussian if above 0
    log_chi = between_means / (2 * t**2 - s**2) + math.log(t / s**2) - math.log(narrower) / 2 if narrower > 0 else 1e3
    if log_chi < 700:
        assert_close(between.chi_squared(p, q), math.expm1(log_chi), 1e-8)
    else:
        assert between.chi_squared(p, q) == Estimate(math.inf, 0.0)
    if s == t:
        assert_close(between.total_variation(p, q), math.erf(abs(m - n) / s / math.sqrt(8)), 1e-8)


def test_gaussians_that_are_almost_one() -> None:
    """KL to all digits where p log(p / q) cancels, by its series; and without the rule's coarser half."""
    wider = math.log(1.001) + 1 / (2 * 1.001**2) - 0.5
    assert between.kl(gaussian(0, 1), gaussian(0, 1.001)).value == pytest.approx(wider, rel=1e-9)
    for shift in (1e-3, 1e-4):
        assert between.kl(gaussian(0, 1), gaussian(shift, 1)).value == pytest.approx(shift**2 / 2, rel=1e-9)
        assert between.jsd(gaussian(0, 1), gaussian(shift, 1)).value == pytest.approx(shift**2 / 8, rel=1e-6)
    assert abs(between.kl(gaussian(0, 1), gaussian(1, 2)).value - (math.log(2) + 2 / 8 - 0.5)) < 1e-15


def test_integrals_of_what_is_narrower_or_wider_than_said() -> None:
    """The value is that of the halves, nearer than the error, and of tails that end slowly there is none left out."""
    at = [MassCentres(torch.zeros(1, 1, dtype=torch.float64), numbers(1))]
    for deviation in (0.4, 0.25):
        narrow = gaussian(0, deviation)
        found = integral(lambda x, narrow=narrow: narrow.log_prob(x).exp()[:, None], at)  # type: ignore[misc]  # bound in the loop
        assert abs(found.value.item() - 1) < 1e-14
        assert found.error.item() < 1e-11
    student = math.gamma(5) / math.gamma(4.5) / math.sqrt(9 * math.pi)
    heavy = integral(lambda x: student * (1 + x.square() / 9) ** -5, at)  # Student's, of 9 degrees of freedom
    assert abs(heavy.value.item() - 1) < heavy.error.item() < 1e-12


def test_mixtures_against_scipy() -> None:
    p = line(means=[-2, 2, 3], deviations=[0.5, 0.8, 0.1], weights=[0.4, 0.5, 0.1])
    q = line(means=[0, 4], deviations=[1.5, 1], weights=[0.7, 0.3])

    def density(of: GaussianMixture, x: float) -> float:
        parts = zip(of.weights.tolist(), of.means[:, 0].tolist(), of.deviations.tolist(), strict=True)
        return sum(w * math.exp(-((x - m) ** 2) / (2 * s * s)) / (s * math.sqrt(2 * math.pi)) for w, m, s in parts)

    integrands: list[Callable[[float, float], float]] = [
        lambda a, b: a * math.log(a / b),
        lambda a, b: b * math.log(b / a),
        lambda a, b: (a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b))) / 2,
        lambda a, b: abs(a - b) / 2,
        lambda a, b: (a - b) ** 2 / b,
        lambda a, b: (math.sqrt(a) - math.sqrt(b)) ** 2,
    ]
    cuts = [-12.0, -4, -2, -1, 0, 1, 2, 2.7, 2.85, 3, 3.15, 3.3, 4, 6, 14]
    for each, integrand in zip(ALL, integrands, strict=True):
        pieces = [
            quad(lambda x, f=integrand: f(density(p, x), density(q, x)), a, b, epsabs=1e-11, epsrel=1e-11, limit=200)
            for a, b in pairwise(cuts)
        ]
        assert_close(each(p, q), sum(piece[0] for piece in pieces), 1e-8)


def test_modes_that_lie_between_the_nodes_are_found() -> None:
    """20 narrow modes over 20,000 units: half of them missing is a JSD of its own, exactly."""
    places = [1e3 * i + 0.1234 for i in range(20)]
    every = line(means=places, deviations=[1e-3] * 20, weights=[1 / 20] * 20)
    half = line(means=places[::2], deviations=[1e-3] * 10, weights=[1 / 10] * 10)
    assert_close(between.kl(half, every), math.log(2), 1e-8)
    expected = divergences.jsd(numbers(0.5, 0.5), numbers(1, 0)).item()
    assert_close(between.jsd(every, half), expected, 1e-8)
    assert_close(between.total_variation(every, half), 0.5, 1e-8)


def normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def total_variation_of_gaussians(mean: float, deviation: float) -> float:
    """TV(N(0, 1), N(mean, deviation^2)) for a deviation above 1: both densities are equal at two points."""
    a, b = 1 - 1 / deviation**2, mean / deviation**2
    root = math.sqrt(b * b + a * (2 * math.log(deviation) + mean**2 / deviation**2))
    inside = [normal(each) - normal((each - mean) / deviation) for each in ((-b - root) / a, (-b + root) / a)]
    return inside[1] - inside[0]


def wasserstein_of_gaussians(mean: float, deviation: float) -> float:
    """W1(N(0, 1), N(mean, deviation^2)): the distribution functions cross once, at mean / (1 - deviation)."""
    cross = mean / (1 - deviation)

    def below(x: float, m: float, s: float) -> float:
        """The integral of the distribution function of N(m, s^2) up to x."""
        scaled = (x - m) / s
        return (x - m) * normal(scaled) + s * math.exp(-(scaled**2) / 2) / math.sqrt(2 * math.pi)

    left = below(cross, 0, 1) - below(cross, mean, deviation)
    return abs(left) + abs(mean - left)


def test_no_kink_lies_hidden_beside_the_edge_of_a_cell() -> None:
    """Where p = q, or F = G: wherever it lies in its cell, the value is right and the error covers."""
    for mean in (0.7218, 1.7023, *torch.linspace(0.3, 3.6, 40, dtype=torch.float64).tolist()):
        found = between.total_variation(gaussian(0, 1), gaussian(mean, 1.3))
        assert abs(found.value - total_variation_of_gaussians(mean, 1.3)) <= found.error + 1e-13
    for mean in (1.2533, 1.2470, *torch.linspace(0.05, 1.5, 160, dtype=torch.float64).tolist()):
        found = wasserstein(gaussian(0, 1), gaussian(mean, 2))
        assert abs(found.value - wasserstein_of_gaussians(mean, 2)) <= found.error + 1e-13
        assert found.error < 1e-12


def test_sign_changes_that_lie_close_together() -> None:
    """Two zeros between two points at which the function is evaluated, one on such a point, and a stretch of zeros."""
    at = torch.linspace(-3, 3, 13, dtype=torch.float64)
    for zeros in ([0.1, 0.13], [-1.0], [-1.0, 2.2, 2.2001]):
        found = crossings(lambda x, zeros=zeros: torch.stack([x[:, 0] - zero for zero in zeros]).prod(0), at)  # type: ignore[misc]  # bound in the loop
        assert sorted(set(numbers(*found.tolist()).round(decimals=9).tolist())) == zeros
    flat = crossings(lambda x: (x[:, 0].abs() - 0.7).clamp(min=0), at)
    assert flat.tolist() == pytest.approx([-0.7, 0.7], abs=1e-9)
    assert not len(crossings(lambda x: x[:, 0].square() + 1, at))
    assert not len(crossings(lambda x: x[:, 0] * torch.nan, at))


# ---- infinite, or refused


def test_a_chi_squared_that_diverges_is_infinite() -> None:
    """Finite for s_p^2 < 2 s_q^2 alone, however small the weight of the wide component."""
    assert between.chi_squared(gaussian(0, 1.42), gaussian(0, 1)).value == math.inf
    assert_close(
        between.chi_squared(gaussian(0, 1.4), gaussian(0, 1)), 1 / (1.4**2 * math.sqrt(2 / 1.96 - 1)) - 1, 1e-9
    )
    almost = between.chi_squared(gaussian(0, 1.4142), gaussian(0, 1))  # p^2 / q is 230 times wider than p
    assert almost.value == pytest.approx(113.16943920939, rel=1e-10)
    tiny = line(means=[0, 0], deviations=[1, 1.5], weights=[1 - 1e-7, 1e-7])
    assert between.chi_squared(tiny, gaussian(0, 1)).value == math.inf
    assert between.chi_squared(gaussian(0, 1), tiny).value < 1e-6
    flat = AffineGenerator(matrix=torch.tensor([[3.0, 0.0], [0.0, 0.5]]), offset=numbers(0, 0))
    assert between.chi_squared(flat, in_the_plane([0, 0], 1)).value == math.inf


def test_tails_that_do_not_die_out_are_refused() -> None:
    at = [MassCentres(torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))]
    with pytest.raises(ValueError, match="does not converge"):
        integral(lambda x: 1 / (1 + x.abs()), at)
    with pytest.raises(ValueError, match="no number"):
        integral(lambda x: x * torch.nan, at)


def test_what_float64_cannot_resolve_is_refused() -> None:
    """Also a loop of halvings that never ends: at 1e200 there is no number within one unit."""
    for far in (1e12, 1e200):
        with pytest.raises(ValueError, match="float64 cannot resolve"):
            between.kl(gaussian(0, 1), gaussian(far, 1))


def test_a_density_that_lies_elsewhere_is_refused() -> None:
    class Elsewhere(GaussianMixture):
        def mass_centres(self) -> MassCentres:
            return MassCentres(self.means + 1e4, self.deviations)

    wrong = Elsewhere(means=torch.zeros(1, 1), deviations=numbers(1e-3), weights=torch.ones(1))
    with pytest.raises(ValueError, match=r"integrates to 0\.0 and not to 1"):
        between.jsd(gaussian(1e4, 1e-3), wrong)

    class Without(GaussianMixture):
        def mass_centres(self) -> MassCentres:
            return MassCentres(self.means[:1], self.deviations[:1])

    some = Without(means=numbers(0, 1e4)[:, None], deviations=numbers(1e-3, 1e-3), weights=numbers(0.9, 0.1))
    with pytest.raises(ValueError, match=r"integrates to 0\.(9|89)\d* and not to 1"):
        between.jsd(gaussian(0, 1e-3), some)


@pytest.mark.parametrize("each", [*ALL, wasserstein])
def test_what_cannot_be_compared_is_refused(each: Between) -> None:
    points = Discrete(points=torch.tensor([[0.0], [1.0]]), probabilities=numbers(0.5, 0.5))
    with pytest.raises(ValueError, match=r"Discrete against|against Discrete"):
        each(points, gaussian(0, 1))
    with pytest.raises(ValueError, match=r"shape|on the line"):
        each(in_the_plane([0, 0], 1), gaussian(0, 1))
    with pytest.raises(ValueError, match="line"):
        each(*[GaussianMixture(means=torch.zeros(1, 3), deviations=torch.ones(1), weights=torch.ones(1))] * 2)
