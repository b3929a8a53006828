"""Distributions that are known: their densities are densities, and their samples are theirs."""

import math

import pytest
import torch
from scipy.stats import chisquare, kstest
from torch import Tensor

from saddle.theory.arrangements import grid, line, ring, spiral
from saddle.theory.bars_and_stripes import bars_and_stripes
from saddle.theory.density import Density
from saddle.theory.discrete import Discrete
from saddle.theory.distribution import Distribution
from saddle.theory.full_mixture import FullMixture
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.quadrature import integral
from saddle_studies.theory.affine_generator import AffineGenerator
from saddle_studies.theory.categorical_generator import CategoricalGenerator
from saddle_studies.theory.mixture_generator import MixtureGenerator
from saddle_studies.theory.monotone_generator import MonotoneGenerator


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def monotone() -> MonotoneGenerator:
    heights, steepness, shifts = numbers(1, 2, 0.5), numbers(2, 5, 1), numbers(0, 3, -1)
    return MonotoneGenerator(slope=0.3, offset=0.5, heights=heights, steepness=steepness, shifts=shifts)


LINE = {
    "mixture": line(means=[-2, 1, 30], deviations=[1e-3, 0.5, 4], weights=[0.3, 0.5, 0.2]),
    "affine": AffineGenerator(matrix=numbers(-1.5)[:, None], offset=numbers(2)),
    "trained mixture": MixtureGenerator(start=line(means=[-2, 2], deviations=[0.5, 0.8], weights=[0.4, 0.6])),
    "monotone network": monotone(),
}
PLANE = {
    "ring": ring(count=8, radius=2, deviation=0.02),
    "grid": grid(side=5, spacing=2, deviation=0.05),
    "spiral": spiral(count=20, turns=2, radius=4, deviation=0.1),
    "affine": AffineGenerator(matrix=torch.tensor([[3.0, 1.0], [0.0, 0.3]]), offset=numbers(1, -2)),
}


def mass(density: Density) -> float:
    found = integral(lambda x: density.log_prob(x).exp()[:, None], [density.mass_centres()])
    return found.value.item()


@pytest.mark.parametrize("name", LINE)
def test_on_the_line(name: str) -> None:
    """The density integrates to 1, is the slope of the cdf, and is that of the samples."""
    density = LINE[name]
    with torch.no_grad():
        assert abs(mass(density) - 1) < 1e-11
        x, step = density.sample(range(40), 1), 1e-6
        slope = (density.cdf(x + step) - density.cdf(x - step)) / (2 * step)
        torch.testing.assert_close(density.log_prob(x).exp(), slope, rtol=1e-5, atol=1e-9)
    drawn = density.sample(range(4000), 0)[:, 0].numpy()
    assert kstest(drawn, lambda at: density.cdf(torch.from_numpy(at)[:, None]).detach().numpy()).pvalue > 0.01


@pytest.mark.parametrize("name", PLANE)
def test_in_the_plane(name: str) -> None:
    """The density integrates to 1; the mean of -log p over samples is the entropy, within four standard errors."""
    density = PLANE[name]

    def information(x: Tensor) -> Tensor:
        log_p = density.log_prob(x)
        return torch.stack([log_p.exp(), -log_p.exp() * log_p], dim=1)

    with torch.no_grad():
        one, entropy = integral(information, [density.mass_centres()]).value.tolist()
        drawn = -density.log_prob(density.sample(range(4000), 0))
    assert abs(one - 1) < 1e-6
    assert abs(drawn.mean().item() - entropy) < 4 * drawn.std().item() / math.sqrt(4000)


@pytest.mark.parametrize("density", [*LINE.values(), *PLANE.values()])
def test_a_draw_is_a_function_of_seed_and_index(density: Density) -> None:
    """In float64, whatever else is asked for."""
    alone, among = density.sample([70], 3), density.sample(range(100), 3)
    assert among.dtype == torch.float64
    assert among.shape == (100, *density.shape)
    assert torch.equal(alone[0], among[70])
    assert not torch.equal(among, density.sample(range(100), 4))


def test_two_distributions_draw_from_streams_of_their_own() -> None:
    """Of one seed: which point and which component are independent, and agree for half of all draws."""
    half = numbers(0.5, 0.5)
    points = Discrete(points=numbers(0, 1)[:, None], probabilities=half)
    mixture = GaussianMixture(means=numbers(0, 1)[:, None], deviations=numbers(1e-3, 1e-3), weights=half)
    alike = points.sample(range(1000), 3) == mixture.sample(range(1000), 3).round()
    assert alike.double().mean().item() == pytest.approx(0.5, abs=0.06)


def test_shapes_and_widths() -> None:
    """[..., *shape] to [...], float64 from float32; the wrong shape is refused, not broadcast."""
    discrete = bars_and_stripes(3)
    for one in (*LINE.values(), *PLANE.values(), discrete):
        x = one.sample(range(6), 0)
        for leading in ((6,), (2, 3), (6, 1)):
            found = one.log_prob(x.reshape(*leading, *one.shape))
            assert found.shape == leading
            assert torch.equal(found.flatten(), one.log_prob(x))
        assert one.log_prob(x.float()).dtype == torch.float64
        assert one.log_prob(x[0]).shape == ()
        with pytest.raises(ValueError, match=r"points of shape|function is for"):
            one.log_prob(torch.zeros(6, 5))


def test_log_densities_of_mixtures_at_their_ends() -> None:
    """Against the formula: far away, narrow, far from the origin; a component of weight 0 is none."""
    unit = math.log(2 * math.pi) / 2
    one = line(means=[1e6, 0], deviations=[1e-3, 1], weights=[1, 0])
    assert one.modes.tolist() == [[1e6]]
    at = torch.tensor([[1e6], [1e6 + 2e-3], [0.0]], dtype=torch.float64)
    offset = (at[:, 0] - 1e6) / 1e-3
    torch.testing.assert_close(one.log_prob(at), -offset.square() / 2 - math.log(1e-3) - unit, rtol=1e-14, atol=1e-12)
    far = torch.tensor([[1e200], [torch.inf]], dtype=torch.float64)
    assert one.log_prob(far).tolist() == [-math.inf, -math.inf]


def test_a_mixture_convolved() -> None:
    """p * N(0, s^2) at a point is the integral of p(y) N(x - y; 0, s^2), for both kinds."""
    mixture, points = LINE["mixture"], Discrete(points=torch.tensor([[0.0], [3.0]]), probabilities=numbers(0.25, 0.75))
    assert isinstance(mixture, GaussianMixture)
    noise, x = line(means=[0], deviations=[0.7], weights=[1]), numbers(0.4)
    wide = integral(
        lambda y: (mixture.log_prob(y) + noise.log_prob(x - y)).exp()[:, None],
        [mixture.mass_centres(), noise.mass_centres()],
    )
    assert mixture.smoothed(0.7).log_prob(x).exp().item() == pytest.approx(wide.value.item(), abs=1e-12)
    spiky = 0.25 * noise.log_prob(x).exp() + 0.75 * noise.log_prob(x - 3).exp()
    assert points.smoothed(0.7).log_prob(x).exp().item() == pytest.approx(spiky.item(), abs=1e-15)


def test_arrangements_lie_where_they_should() -> None:
    assert torch.allclose(ring(count=8, radius=2, deviation=1).modes.norm(dim=1), numbers(2))
    quarters = [[2, 0], [0, 2], [-2, 0], [0, -2]]
    assert torch.allclose(ring(count=4, radius=2, deviation=1).modes, torch.tensor(quarters).double())
    assert grid(side=5, spacing=2, deviation=1).modes.unique().tolist() == [-4, -2, 0, 2, 4]
    arms = spiral(count=50, turns=2, radius=4, deviation=1).modes
    assert arms[-1].tolist() == pytest.approx([4, 0], abs=1e-12)
    first = 4 * math.sqrt(1 / 50)
    turned = 4 * math.pi * math.sqrt(1 / 50)
    assert arms[0].tolist() == pytest.approx([first * math.cos(turned), first * math.sin(turned)], abs=1e-12)
    steps = arms[5:].diff(dim=0).norm(dim=1)
    assert steps.max() / steps.min() < 1.35


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_bars_and_stripes(side: int) -> None:
    """All images whose rows or columns are alike, each once; the two plain ones come about in two ways."""
    found = bars_and_stripes(side)
    images, chances = found.points[:, 0], found.probabilities
    assert len(images) == 2 ** (side + 1) - 2
    assert found.shape == (1, side, side)
    stripes, bars = (images == images[:, :, :1]).all((1, 2)), (images == images[:, :1]).all((1, 2))
    assert (stripes | bars).all()
    torch.testing.assert_close(chances, (stripes.double() + bars.double()) / 2 ** (side + 1))
    drawn = found.log_prob(found.sample(range(3000), 0)).exp()
    assert drawn.mean().item() == pytest.approx(chances.square().sum().item(), rel=0.05)


def test_a_discrete_distribution_is_looked_up() -> None:
    """Exactly: what is near a point is none; -0 is 0; a point of probability 0 never comes."""
    chances = numbers(0.2, 0, 0.5, 0.3)
    one = Discrete(points=torch.tensor([[0.0], [1.0], [2.0], [5.0]]), probabilities=chances)
    asked = torch.tensor([[-0.0], [1.0], [2.0], [5.0], [2.0 + 1e-12], [7.0]], dtype=torch.float64)
    assert one.log_prob(asked).exp().tolist() == pytest.approx([0.2, 0, 0.5, 0.3, 0, 0])
    seen = torch.stack([(one.sample(range(4000), 0) == point).sum() for point in one.points])
    assert seen[1] == 0
    there = chances > 0
    assert chisquare(seen[there], 4000 * chances[there]).pvalue > 0.01


@pytest.mark.parametrize("wrong", [[0.5, 0.6], [1.5, -0.5], [1.0], [math.nan, 1.0]])
def test_what_is_no_distribution_is_refused(wrong: list[float]) -> None:
    points = torch.tensor([[0.0], [1.0]])
    with pytest.raises(ValueError, match=r"sum to 1|one for each point"):
        Discrete(points=points, probabilities=torch.tensor(wrong))
    with pytest.raises(ValueError, match=r"sum to 1|one for each point"):
        GaussianMixture(means=points, deviations=torch.ones(2), weights=torch.tensor(wrong))


def test_other_refusals() -> None:
    half = numbers(0.5, 0.5)
    with pytest.raises(ValueError, match="are equal"):
        Discrete(points=torch.zeros(2, 1), probabilities=half)
    for deviations in (numbers(1, 0), numbers(1, -1), numbers(1, math.inf)):
        with pytest.raises(ValueError, match="deviations have to be above 0"):
            GaussianMixture(means=torch.zeros(2, 1), deviations=deviations, weights=half)
    with pytest.raises(ValueError, match=r"\[components, size\]"):
        GaussianMixture(means=torch.zeros(2), deviations=half, weights=half)
    with pytest.raises(ValueError, match="singular"):
        AffineGenerator(matrix=torch.ones(2, 2), offset=torch.zeros(2))
    with pytest.raises(ValueError, match="would not increase"):
        MonotoneGenerator(slope=0.0, offset=0.0, heights=half, steepness=half, shifts=half)
    with pytest.raises(ValueError, match=r"1 \.\.\. 10"):
        bars_and_stripes(11)
    with pytest.raises(ValueError, match="on the line"):
        PLANE["ring"].cdf(torch.zeros(3, 2))


# ---- generators: gradients


@pytest.mark.parametrize("generator", [monotone(), LINE["affine"], LINE["trained mixture"], PLANE["affine"]])
def test_log_densities_have_exact_gradients(generator: MonotoneGenerator | AffineGenerator | MixtureGenerator) -> None:
    """In x and in every parameter, by finite differences; for the network through the inverse."""
    x = generator.sample(range(5), 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, *_: generator.log_prob(x), (x, *generator.parameters()))


def test_the_inverse_of_the_network() -> None:
    network = monotone()
    z = torch.linspace(-8, 8, 41, dtype=torch.float64)[:, None]
    torch.testing.assert_close(network.inverse(network(z)), z, rtol=0, atol=1e-10)
    assert (network(z)[:, 0].diff() > 0).all()


@pytest.mark.parametrize("slope", [1e-6, 1e-18])
def test_the_inverse_of_a_network_that_hardly_rises(slope: float) -> None:
    """Where only the units carry it, also to where they saturate."""
    one = MonotoneGenerator(slope=slope, offset=0.0, heights=numbers(1), steepness=numbers(1), shifts=numbers(0))
    z = torch.linspace(-3, 3, 13, dtype=torch.float64)[:, None]
    torch.testing.assert_close(one.inverse(one(z)), z, rtol=0, atol=1e-12)
    far = numbers(-1e5, -41, -40, 40, 45, 1e5)[:, None]
    steep = monotone()
    torch.testing.assert_close(steep.inverse(steep(far)), far, rtol=1e-14, atol=0)


def test_expectations_over_a_categorical_generator() -> None:
    """Exact, with the exact gradient p (f - E f) in the logits."""
    generator = CategoricalGenerator(points=torch.arange(4.0)[:, None], logits=numbers(0, 1, -2, 30))
    values = numbers(3, -1, 4, 1)
    mean = generator.expectation(values)
    (slope,) = torch.autograd.grad(mean, generator.logits)
    q = generator.probabilities.detach()
    assert mean.item() == pytest.approx((q * values).sum().item(), abs=1e-15)
    torch.testing.assert_close(slope, q * (values - mean.detach()), rtol=0, atol=1e-15)
    assert torch.autograd.gradcheck(lambda _: generator.log_prob(generator.points), (generator.logits,))


def test_a_distribution_does_not_follow_the_tensors_that_it_was_made_of() -> None:
    """They may be the parameters of a model in training."""
    means, weights = torch.tensor([[-1.0], [2.0]], dtype=torch.float64), torch.tensor([0.25, 0.75], dtype=torch.float64)
    roots, deviations = torch.ones(2, 1, 1, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    made: list[Distribution] = [
        FullMixture(means=means, roots=roots, weights=weights),
        GaussianMixture(means=means, deviations=deviations, weights=weights),
        Discrete(points=means, probabilities=weights),
    ]
    before = [distribution.sample(range(20), 0) for distribution in made]
    for tensor in (means, weights, roots, deviations):
        tensor += 3
    assert all(torch.equal(one.sample(range(20), 0), old) for one, old in zip(made, before, strict=True))
