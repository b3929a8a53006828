"""argmin over generators of a maximum over discriminators."""

import math
from functools import partial

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from saddle.losses.minimax import Minimax
from saddle.noise import noise
from saddle.theory.divergences import jsd
from saddle_studies.figures import envelope as figure_of_envelope
from saddle_studies.figures import heights as figure_of_heights
from saddle_studies.theory.maximum import descend, envelope, gaussians, heights, slopes, subgradients, values

X = torch.linspace(-14, 14, 281, dtype=torch.float64)
DATA = gaussians(X, torch.tensor(0.0), 1.0)


def numbers(name: str, *shape: int) -> Tensor:
    return noise(0, name, 0, range(shape[0]), shape[1:]).double()


def optimal(means: Tensor) -> Tensor:
    """The logits of D* against N(mean, 1) [n, points], where the data are N(0, 1): mean^2 / 2 - mean x."""
    return means[:, None] ** 2 / 2 - means[:, None] * X


def branches(theta: Tensor, logits: Tensor) -> Tensor:
    """V(N(theta, 1), D_i) [..., n]."""
    return values(DATA, gaussians(X, theta, 1.0), logits)


THREE = partial(branches, logits=optimal(torch.tensor([-2.5, 0.7, 2.0]).double()))
GRID = torch.linspace(-4, 4, 2001, dtype=torch.float64)


def test_heights_are_the_maximum_over_discriminators() -> None:
    """-2 log 2 + 2 JSD is V at D*, above V at every other D, and the argmin is the generator nearest by JSD."""
    p, q = numbers("p", 6).softmax(0), (2 * numbers("q", 3, 6)).softmax(1)
    found = heights(p.expand(3, 6), q)
    best = torch.stack([values(p, one, (p.log() - one.log())[None])[0] for one in q])
    torch.testing.assert_close(found, best, rtol=0, atol=1e-14)
    others = values(p, q, 3 * numbers("any D", 500, 6))  # [3, 500]
    assert (others < found[:, None]).all()
    assert found.argmin() == jsd(p.expand(3, 6), q).argmin()
    assert heights(p, p).item() == pytest.approx(-math.log(4), abs=1e-15)


def test_values_are_those_of_the_game() -> None:
    """V = -L_D of the real loss, with weights as counts."""
    logits, p, q = numbers("v", 4), torch.tensor([1.0, 2, 3, 2]).double() / 8, torch.tensor([4.0, 1, 1, 2]).double() / 8
    real, fake = (logits.repeat_interleave((8 * of).long()) for of in (p, q))
    assert values(p, q, logits[None])[0].item() == pytest.approx(-Minimax().discriminator(real, fake).item(), abs=1e-14)


def test_a_maximum_over_discriminators_is_convex_in_the_distribution() -> None:
    """Not concave, as the lecture has it: each V is affine in P_G, and chords lie above their maximum."""
    p, logits = numbers("p", 6).softmax(0), 2 * numbers("n discriminators", 12, 6)
    a, b = (numbers(side, 300, 6).mul(2).softmax(1) for side in ("a", "b"))
    share = torch.rand(300, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    between = share * a + (1 - share) * b
    each = share * values(p, a, logits) + (1 - share) * values(p, b, logits)
    torch.testing.assert_close(values(p, between, logits), each, rtol=0, atol=1e-13)
    for f in (lambda q: values(p, q, logits).max(1).values, lambda q: heights(p.expand_as(q), q)):
        gap = share[:, 0] * f(a) + (1 - share[:, 0]) * f(b) - f(between)
        assert gap.min() > -1e-13
        assert gap.max() > 0.01  # and it is not affine, hence not concave


def test_in_a_parameter_it_is_neither() -> None:
    """Every branch is concave in theta here; the maximum is concave between kinks and convex at them."""
    at = THREE(GRID)
    assert at.diff(n=2, dim=0).max() < 1e-12
    bend = at.max(-1).values.diff(n=2)
    kinks = (at.argmax(-1).diff() != 0).sum()
    assert kinks == 2
    assert bend.max() > 1e-4
    assert bend.min() < -1e-8


@pytest.mark.parametrize("theta", [-3.0, -1.0, 0.9, 3.1])
def test_the_gradient_of_the_maximum_is_that_of_the_active_branch(theta: float) -> None:
    """Danskin, against differences of the envelope; also where the maximum is over all D, whose D* moves with theta."""
    at, step = torch.tensor(theta, dtype=torch.float64), 1e-5
    value, active = envelope(THREE, at)
    ends = [envelope(THREE, at + side * step)[0] for side in (1, -1)]
    slope = slopes(THREE, at)[active].item()
    assert (ends[0] - ends[1]).item() / (2 * step) == pytest.approx(slope, abs=1e-8)
    assert subgradients(THREE, at, 1e-9) == (slope, slope)
    assert value == THREE(at).max()
    held = partial(branches, logits=optimal(at[None]))
    moved = [heights(DATA, gaussians(X, at + side * step, 1.0)).item() for side in (1, -1)]
    assert (moved[0] - moved[1]) / (2 * step) == pytest.approx(slopes(held, at)[0].item(), abs=1e-8)


def test_the_minimum_is_a_kink_whose_subgradients_enclose_zero() -> None:
    found = minimize_scalar(
        lambda theta: envelope(THREE, torch.tensor(theta, dtype=torch.float64))[0].item(),
        bounds=(-1.5, 1.5),
        method="bounded",
        options={"xatol": 1e-12},
    )
    low, high = subgradients(THREE, torch.tensor(found.x, dtype=torch.float64), 1e-6)
    assert low < -0.05
    assert high > 0.05
    value, _ = envelope(THREE, GRID)
    assert found.fun <= value.min().item() + 1e-9
    assert found.x == pytest.approx(GRID[value.argmin()].item(), abs=1e-3)


def test_only_branches_within_the_tolerance_count() -> None:
    """Of two that lie 10 tolerances apart the higher one."""

    def two(theta: Tensor) -> Tensor:
        return torch.stack([theta, -theta], dim=-1)

    at = torch.tensor(5e-6, dtype=torch.float64)
    assert subgradients(two, at, 1e-6) == (1, 1)
    assert subgradients(two, at, 2e-5) == (-1, 1)


@pytest.mark.parametrize("count", [3, 9])
def test_descent_finds_the_minimum_of_the_envelope(count: int) -> None:
    """Subgradient steps, against a grid of 2,001 points, from both sides; they end going to and fro over it."""
    means = torch.linspace(-2.5, 2.2, count, dtype=torch.float64)
    many = partial(branches, logits=optimal(means))
    near = GRID.abs() <= 2.5
    value = many(GRID[near]).max(-1).values
    for start in (-2.0, 1.7, 3.0):
        path = descend(many, start, 1.0, 400)
        assert len(path.theta) == len(path.value) == len(path.active) == 401
        above = path.value - value.min()
        assert above.min() < 2e-3
        assert above.min() < above[-40:].mean() < 0.03
        assert path.best == pytest.approx(GRID[near][value.argmin()].item(), abs=0.02)
        assert torch.allclose(path.value, many(path.theta).max(-1).values, rtol=0, atol=1e-14)
    assert value.min() <= -2 * math.log(2)  # a maximum over a few lies below that over all, which is this at theta = 0


def test_a_fixed_set_of_discriminators_is_a_lower_bound() -> None:
    """Of the maximum over all, and tight where theta is one that a D of the set is best against."""
    whole = heights(DATA.expand(len(GRID), -1), gaussians(X, GRID, 1.0))
    few = THREE(GRID).max(-1).values
    assert (few <= whole + 1e-13).all()
    at = (GRID - 0.7).abs().argmin()
    assert few[at].item() == pytest.approx(whole[at].item(), abs=1e-9)
    assert GRID[whole.argmin()].item() == pytest.approx(0, abs=1e-9)
    assert GRID[few.argmin()].item() == pytest.approx(-0.93, abs=0.01)  # where the three are fooled, and not P_data
    assert few.min().item() == pytest.approx(-1.92, abs=0.01)  # below -2 log 2 = -1.386
    assert (whole - few).max() > 0.01


def test_a_constant_step_never_settles() -> None:
    """At a kink a step of constant length jumps to and fro; the diminishing one comes closer the longer it goes."""
    theta, seen = torch.tensor(-1.0, dtype=torch.float64), []
    for _ in range(200):
        theta = theta - 1.0 * slopes(THREE, theta)[envelope(THREE, theta)[1]]
        seen.append(theta.item())
    spread = max(seen[-20:]) - min(seen[-20:])
    path = descend(THREE, -1.0, 1.0, 200).theta[-20:]
    assert spread > 0.1
    assert (path.max() - path.min()).item() < spread / 4


def test_figures() -> None:
    q = gaussians(X, torch.tensor([-2.0, 0.8, 3.0]), 1.0)
    found = heights(DATA.expand(3, -1), q)
    figure = figure_of_heights.draw(X, DATA / 0.1, q / 0.1, found)
    assert figure.axes[1].get_title() == "argmin: $G_2$"
    theta = GRID[::20]
    whole = heights(DATA.expand(len(theta), -1), gaussians(X, theta, 1.0))
    assert len(figure_of_envelope.draw(theta, THREE(theta), whole, descend(THREE, 3.0, 1.0, 40)).axes) == 1
