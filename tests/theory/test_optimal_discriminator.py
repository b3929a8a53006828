"""The best discriminator, what it measures, and what one that is not the best says."""

import math

import pytest
import torch
from torch import Tensor

from saddle.theory import between, divergences
from saddle.theory.arrangements import line, ring
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.optimal_discriminator import best_logits, distance, log_ratio
from saddle.theory.value import cross_entropy, greatest_value, proven_jsd, value
from saddle_studies.figures import loss_as_divergence, optimal_discriminator, steps_and_bound
from saddle_studies.theory.critic import Critic
from saddle_studies.theory.critic_training import stepwise, to_the_end

DATA = line(means=[-2, 2], deviations=[0.5, 0.8], weights=[0.4, 0.6])
MADE = line(means=[0], deviations=[1.5], weights=[1])
FAR = line(means=[40, 1], deviations=[0.01, 1], weights=[0.9, 0.1])


def random_pairs(pairs: int, points: int, seed: int) -> tuple[Tensor, Tensor]:
    """Distributions from nearly alike to nearly disjoint, [pairs, points] each."""
    draw = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.05, 8, pairs, dtype=torch.float64)[:, None]
    p, q = (scale * torch.randn(pairs, points, generator=draw, dtype=torch.float64) for _ in range(2))
    return p.softmax(1), q.softmax(1)


def test_value_by_hand() -> None:
    """sum p log D + q log(1 - D), at infinite logits, too: D* of disjoint supports has V = 0."""
    p, q = torch.tensor([0.25, 0.75]), torch.tensor([0.5, 0.5])
    logits = torch.tensor([math.log(3), 0.0])  # D = 3/4 and 1/2
    by_hand = 0.25 * math.log(3 / 4) + 0.75 * math.log(1 / 2) + 0.5 * math.log(1 / 4) + 0.5 * math.log(1 / 2)
    assert value(logits, p, q).item() == pytest.approx(by_hand, abs=1e-7)
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    sure = log_ratio(one, other)
    assert sure.tolist() == [math.inf, -math.inf]
    assert log_ratio(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 0.0])).tolist() == [0, 0]
    assert value(sure, one, other) == 0
    assert value(-sure, one, other) == -math.inf
    assert value(torch.zeros(2), p, q).item() == pytest.approx(-2 * math.log(2), abs=1e-7)


@pytest.mark.parametrize("made", [MADE, FAR, DATA])
def test_a_free_critic_reaches_the_jsd(made: GaussianMixture) -> None:
    """max_D V = -2 log 2 + 2 JSD to 1e-8, found by Newton's method without the closed form, at D* = log p / q."""
    points, p, q = between.nodes(DATA, made)
    jsd = between.jsd(DATA, made)
    logits, best = best_logits(p, q)
    assert abs(best.item() - (2 * jsd.value - 2 * math.log(2))) < 1e-8
    assert jsd.error < 1e-8
    exact = DATA.log_prob(points) - made.log_prob(points)
    assert distance(logits, exact, p, q) < 1e-7


def test_a_free_critic_on_points() -> None:
    p, q = random_pairs(20, 6, seed=0)
    p[0, 0], q[0, 1] = 0, 0
    p, q = p / p.sum(1, keepdim=True), q / q.sum(1, keepdim=True)
    for of_p, of_q in zip(p, q, strict=True):
        _, best = best_logits(of_p, of_q)
        assert proven_jsd(best).item() == pytest.approx(divergences.jsd(of_p, of_q).item(), abs=1e-12)
        assert best.item() == pytest.approx(greatest_value(divergences.jsd(of_p, of_q)).item(), abs=1e-12)


def test_a_free_critic_in_the_plane() -> None:
    """On the nodes of the quadrature, to its error."""
    data = ring(count=8, radius=2, deviation=0.3)
    made = GaussianMixture(means=torch.zeros(1, 2), deviations=torch.tensor([1.5]), weights=torch.ones(1))
    _, p, q = between.nodes(data, made)
    assert [p.sum().item(), q.sum().item()] == pytest.approx([1, 1], abs=1e-14)
    assert abs(proven_jsd(best_logits(p, q)[1]).item() - between.jsd(data, made).value) < 1e-7


def test_a_trained_network_comes_near() -> None:
    """Two hidden layers of 16: the bound is less than 1e-4 nats below the JSD, D within 0.005 of D* in probability."""
    points, p, q = between.nodes(DATA, MADE)
    critic = Critic(size=1, width=16, seed=0)
    jsd = between.jsd(DATA, MADE).value
    gap = jsd - proven_jsd(to_the_end(critic, points, p, q, iterations=120)).item()
    assert 0 < gap < 1e-4
    with torch.no_grad():
        trained, optimum = critic(points), log_ratio(p, q)
        away = distance(trained, optimum, p, q).item()
        assert 0 < away < 5e-3
        x = torch.linspace(-5, 5, 201, dtype=torch.float64)[:, None]
        of_p, of_q = DATA.log_prob(x), MADE.log_prob(x)
        figure = optimal_discriminator.draw(
            x=x[:, 0], p=of_p.exp(), q=of_q.exp(), optimum=of_p - of_q, trained=critic(x), distance=away
        )
    assert [panel.get_ylabel()[:7] for panel in figure.axes] == ["density", "D(x), p"]


def test_distance_in_probability() -> None:
    """Under (p + q) / 2: a D that says 1/2 to disjoint sides is 1/2 away, and one where nothing lies does not count."""
    p, q = torch.tensor([0.5, 0.5, 0, 0, 0]), torch.tensor([0, 0, 0.5, 0.5, 0])
    optimum = torch.tensor([math.inf, math.inf, -math.inf, -math.inf, 0])
    assert distance(torch.zeros(5), optimum, p, q).item() == 0.5
    assert distance(optimum + torch.tensor([0, 0, 0, 0, 9.0]), optimum, p, q) == 0
    assert distance(-optimum, optimum, p, q) == 1
    lopsided = torch.tensor([0.0, math.log(3)])  # D* = 1/2 and 3/4; D = 1/2 is off where p / 2 lies, and q not
    assert distance(
        torch.zeros(2), lopsided, torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])
    ).item() == pytest.approx(math.sqrt(0.25 * 0.25**2))


# ---- k steps, and the bound


def test_k_steps_give_a_lower_bound() -> None:
    """V(D_k) is below max_D V for every k, and the gap closes; after one step it is most of what there is."""
    points, p, q = between.nodes(DATA, MADE)
    greatest = greatest_value(torch.tensor(between.jsd(DATA, MADE).value)).item()
    values = {
        f"{width} units": stepwise(Critic(size=1, width=width, seed=0), points, p, q, steps=200, learning_rate=0.003)
        for width in (4, 16)
    }
    for found in values.values():
        gaps = greatest - found
        assert (gaps > 0).all()
        assert gaps[1] > 0.5 * gaps[0]
        assert gaps[0] > gaps[20] > gaps[200]
    assert greatest - values["16 units"][200] < 0.05 * (greatest + 2 * math.log(2))
    figure = steps_and_bound.draw(values=values, greatest=greatest)
    assert "nats" in figure.axes[1].get_ylabel()


# ---- the loss as a divergence


def test_a_loss_is_an_upper_bound_of_similarity() -> None:
    """L_D >= 2 log 2 - 2 JSD for every D, with equality at D* alone: random D, D* disturbed, D* itself."""
    p, q = random_pairs(40, 6, seed=1)
    jsd, optimum = divergences.jsd(p, q), log_ratio(p, q)
    draw = torch.Generator().manual_seed(2)
    noise = torch.randn(30, *p.shape, generator=draw, dtype=torch.float64)
    some = torch.cat([4 * noise[:10], optimum + noise[10:20], optimum + 0.01 * noise[20:]])  # [30, pairs, points]
    losses, least = cross_entropy(some, p, q), cross_entropy(optimum, p, q)
    torch.testing.assert_close(least, 2 * math.log(2) - 2 * jsd, rtol=0, atol=1e-13)
    assert (losses > least).all()
    assert (proven_jsd(-losses) < jsd).all()
    path = stepwise(
        Critic(size=1, width=8, seed=1), torch.arange(6.0)[:, None].double(), p[9], q[9], steps=9, learning_rate=0.02
    )
    assert (-path > least[9]).all()
    reached = {"a network after 9 steps": -path[-1:]}
    figure = loss_as_divergence.draw(jsd=jsd, losses=losses[:20].T, least=least, apart=jsd[9:10], trained=reached)
    assert "JSD" in figure.axes[0].get_xlabel()


def test_a_large_loss_proves_nothing() -> None:
    """Disjoint supports, JSD = log 2: a D that is undecided, or one that is wrong, has the loss of equal sides or more.
    A small loss proves a large JSD: no D has it between equal sides."""
    p, q = torch.tensor([0.5, 0.5, 0, 0]), torch.tensor([0, 0, 0.5, 0.5])
    undecided, wrong = torch.zeros(4), torch.tensor([-1.0, -1, 1, 1])
    assert divergences.jsd(p, q).item() == pytest.approx(math.log(2))
    same_sides = cross_entropy(undecided, p, p)
    assert cross_entropy(undecided, p, q) == same_sides
    assert cross_entropy(wrong, p, q) > same_sides
    assert proven_jsd(-cross_entropy(wrong, p, q)) < 0  # proves nothing
    draw = torch.Generator().manual_seed(0)
    assert (cross_entropy(3 * torch.randn(1000, 4, generator=draw), p, p) >= 2 * math.log(2)).all()


def test_trained_discriminators_keep_the_bound() -> None:
    """As training goes on, log 2 - L_D / 2 rises towards the JSD, and never above it."""
    points, p, q = between.nodes(DATA, FAR)
    jsd = between.jsd(DATA, FAR).value
    proven = proven_jsd(stepwise(Critic(size=1, width=8, seed=1), points, p, q, steps=100, learning_rate=0.02))
    assert (proven < jsd).all()
    assert proven[0] < 0.2 * jsd < 0.8 * jsd < proven[-1]


def test_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[points\]"):
        best_logits(torch.ones(3, 1) / 3, torch.ones(3) / 3)
