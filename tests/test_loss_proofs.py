"""What every loss in conf/loss measures and what its generator descends, on discrete distributions.

P and Q are given by counts, so that means over samples are exact expectations, and D is free: one logit for each point.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import linprog, minimize
from torch import Tensor
from torch.nn.functional import softplus

from counts import counts
from members import build, members
from saddle.losses.base import Loss, RelativeLoss
from saddle.losses.f_divergence import FDivergence
from saddle.losses.least_squares import LeastSquares
from saddle.theory.divergences import (
    Divergence,
    chi_squared,
    jsd,
    kl,
    of_function,
    squared_hellinger,
    to_mixture,
    total_variation,
    triangular,
)

POINTS = 5


@dataclass(frozen=True)
class Game:
    """What is claimed of a loss, for p = P_data and q = P_G [..., points]."""

    least: Divergence
    """min over D of L_D."""
    optimum: Divergence
    """D* [..., points]; infinite where it is not attained, NaN where it is not unique."""
    descended: Divergence
    """What G descends while D is held at D*, up to a constant."""


def log_ratio(p: Tensor, q: Tensor) -> Tensor:
    return p.log() - q.log()


def side(p: Tensor, q: Tensor) -> Tensor:
    """The sign of p - q, NaN for ties."""
    return torch.where(p == q, torch.nan, (p - q).sign())


def minus(divergence: Divergence) -> Divergence:
    return lambda p, q: -divergence(p, q)


def least_squares(a: float, b: float, c: float) -> Game:
    return Game(
        least=lambda p, q: (b - a) ** 2 * (2 - triangular(p, q)) / 8,
        optimum=lambda p, q: (b * p + a * q) / (p + q),
        descended=lambda p, q: (b - a) * (c - a) * to_mixture(p, q) - (b - a) ** 2 * triangular(p, q) / 8,
    )


def f_divergence(divergence: Divergence, optimum: Divergence) -> Game:
    return Game(least=minus(divergence), optimum=optimum, descended=divergence)


GAMES = {
    "minimax": Game(
        least=lambda p, q: 2 * math.log(2) - 2 * jsd(p, q),
        optimum=log_ratio,
        descended=lambda p, q: 2 * jsd(p, q),
    ),
    "nonsaturating": Game(
        least=lambda p, q: 2 * math.log(2) - 2 * jsd(p, q),
        optimum=log_ratio,
        descended=lambda p, q: kl(q, p) - 2 * jsd(p, q),  # Arjovsky and Bottou 2017, theorem 2.5
    ),
    "hinge": Game(
        least=lambda p, q: 2 - 2 * total_variation(p, q),
        optimum=side,
        descended=lambda p, q: 2 * total_variation(p, q),
    ),
    "least_squares": least_squares(0, 1, 1),
    "least_squares_pearson": least_squares(-1, 1, 0),
    "f_kl": f_divergence(kl, lambda p, q: 1 + log_ratio(p, q)),
    "f_reverse_kl": f_divergence(lambda p, q: kl(q, p), log_ratio),
    "f_js": f_divergence(lambda p, q: 2 * jsd(p, q), log_ratio),
    "f_squared_hellinger": f_divergence(squared_hellinger, lambda p, q: log_ratio(p, q) / 2),
    "f_pearson": f_divergence(chi_squared, lambda p, q: 2 * (p / q - 1)),
    "f_total_variation": f_divergence(total_variation, lambda p, q: math.inf * side(p, q)),
}


@dataclass(frozen=True)
class RelativeGame:
    """What is claimed of a loss that compares both sides; its minimum has no closed form."""

    expectation: Callable[[Tensor, Tensor, Tensor], Tensor]
    """L_D of logits v [points] on weights p and q, as the paper has it."""
    undecided: float
    """L_D of a constant D."""
    slope: float
    """L_G = L_D + slope (E_P D - E_Q D)."""


def pairing(v: Tensor, p: Tensor, q: Tensor) -> Tensor:
    return p @ softplus(v[None, :] - v[:, None]) @ q


def average(v: Tensor, p: Tensor, q: Tensor) -> Tensor:
    return p @ softplus(q @ v - v) + q @ softplus(v - p @ v)


RELATIVE = {
    "rpgan": RelativeGame(pairing, math.log(2), 1),
    "relativistic_average": RelativeGame(average, 2 * math.log(2), 2),
}

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "f_kl": lambda u: torch.xlogy(u, u),
    "f_reverse_kl": lambda u: -u.log(),
    "f_js": lambda u: torch.xlogy(u, u) - torch.xlogy(1 + u, (1 + u) / 2),
    "f_squared_hellinger": lambda u: (u.sqrt() - 1).square(),
    "f_pearson": lambda u: (u - 1).square(),
    "f_total_variation": lambda u: (u - 1).abs() / 2,
}
"""The f of Nowozin et al. 2016, table 1."""


def test_every_member_has_its_claims() -> None:
    losses = set(members("loss"))
    assert losses == {*GAMES, *RELATIVE, "wasserstein"}
    assert {name for name in losses if isinstance(build("loss", name), FDivergence)} == set(FUNCTIONS)


# ---- what D measures


def paired(of_p: Tensor, of_q: Tensor) -> tuple[Tensor, Tensor]:
    """Samples as indices of points, every real beside every fake: means over them and over pairs are expectations."""
    cells = torch.arange(len(of_p) * len(of_q)).repeat_interleave(torch.outer(of_p, of_q).flatten())
    return cells // len(of_q), cells % len(of_q)


def several(of_p: Tensor, of_q: Tensor) -> tuple[Tensor, Tensor]:
    """`paired` for counts [pairs, points] of the same totals: int64 [pairs, samples] of reals and of fakes."""
    both = [paired(a, b) for a, b in zip(of_p, of_q, strict=True)]
    return torch.stack([real for real, _ in both]), torch.stack([fake for _, fake in both])


def best(loss: Loss, of_p: Tensor, of_q: Tensor, steps: int = 250) -> tuple[Tensor, Tensor]:
    """D* [pairs, points] and min L_D [pairs], by signs of gradients alone: kinks and flat ends are no obstacle."""
    real, fake = several(of_p, of_q)
    logits = torch.zeros(of_p.shape, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Rprop([logits], lr=0.1, step_sizes=(1e-14, 50))
    played = torch.vmap(loss.discriminator)
    for _ in range(steps):
        optimizer.zero_grad()
        played(logits.gather(1, real), logits.gather(1, fake)).sum().backward()
        optimizer.step()
    found = logits.detach()
    return found, played(found.gather(1, real), found.gather(1, fake))


def probabilities(of_points: Tensor) -> Tensor:
    return of_points.double() / of_points.sum(-1, keepdim=True)


@pytest.mark.parametrize("name", GAMES)
def test_the_best_discriminator_measures_what_is_claimed(name: str) -> None:
    """On 20 pairs of distributions: min L_D is the closed form, and D is the optimum, where there is one."""
    game, of_p, of_q = GAMES[name], counts(20, POINTS, 20, 1, seed=0), counts(20, POINTS, 20, 1, seed=1)
    p, q = probabilities(of_p), probabilities(of_q)
    found, least = best(build("loss", name), of_p, of_q)
    torch.testing.assert_close(least, game.least(p, q), rtol=0, atol=1e-6)
    claimed = game.optimum(p, q)
    attained, beyond = claimed.isfinite(), claimed.isinf()
    torch.testing.assert_close(found[attained], claimed[attained], rtol=0, atol=1e-6)
    assert (found[beyond] * claimed[beyond].sign() > 5).all()
    assert attained.any() or beyond.any()


@pytest.mark.parametrize("name", GAMES)
def test_a_loss_states_its_optimum(name: str) -> None:
    """`Loss.optimum` is the claim that the test above proves; ties and logits without end as in the table."""
    p, q = (probabilities(counts(20, POINTS, 20, 1, seed)) for seed in range(2))
    stated = build("loss", name).optimum(log_ratio(p, q))
    assert stated is not None
    torch.testing.assert_close(stated, GAMES[name].optimum(p, q), rtol=0, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("name", ["f_kl", "f_reverse_kl", "f_squared_hellinger"])
@pytest.mark.parametrize("ratio", [-45.0, -25.0, -19.0, 19.0, 25.0, 45.0])
def test_the_optimum_where_an_exponential_is_linear(name: str, ratio: float) -> None:
    """Ratios beyond exp(20): the slope of D's term is 0 at the optimum, and everywhere towards one that is infinite."""
    loss = build("loss", name)
    assert isinstance(loss, FDivergence)
    weights = torch.tensor([0.0, -ratio], dtype=torch.float64).softmax(0)
    stated = loss.optimum(torch.tensor([ratio], dtype=torch.float64))
    assert stated is not None
    at = (stated.sign() * torch.linspace(0, 90, 91) if stated.isinf() else stated).requires_grad_()
    (up,) = torch.autograd.grad(weights[0] * loss.activation(at).sum(), at)  # of V, by reals and by fakes
    (down,) = torch.autograd.grad(weights[1] * loss.conjugate(at).sum(), at)
    assert ((up - down) * stated.sign() > 0).all() if stated.isinf() else abs(up / down - 1) < 1e-12


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_member_of_the_family_is_its_f(name: str) -> None:
    """f* o g_f is the conjugate of f by definition, g_f increases, and D measures sum q f(p / q)."""
    loss, f = build("loss", name), FUNCTIONS[name]
    logits = torch.linspace(-1.9, 3, 50, dtype=torch.float64)
    u = torch.linspace(-25, 25, 200_001, dtype=torch.float64).exp()
    conjugate = torch.stack([(u * t - f(u)).max() for t in loss.activation(logits)])
    torch.testing.assert_close(loss.conjugate(logits), conjugate, rtol=1e-6, atol=1e-6)
    assert (loss.activation(logits).diff() > 0).all()
    p, q = probabilities(counts(20, POINTS, 20, 1, seed=2)), probabilities(counts(20, POINTS, 20, 1, seed=3))
    torch.testing.assert_close(of_function(f)(p, q), -GAMES[name].least(p, q), rtol=0, atol=1e-12)


def test_the_js_member_is_the_minimax_game() -> None:
    real, fake = torch.randn(2, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    member, minimax = build("loss", "f_js"), build("loss", "minimax")
    shift = 2 * math.log(2)
    assert member.discriminator(real, fake).item() == pytest.approx(minimax.discriminator(real, fake).item() - shift)
    assert member.generator(None, fake).item() == pytest.approx(minimax.generator(None, fake).item() + shift / 2)


# ---- what G descends


def directions(loss: Loss, logits: Tensor, of_p: Tensor, of_q: Tensor) -> Tensor:
    """Derivatives of L_G, D held, as mass moves from point 0 to each other point, to the fourth order [points - 1]."""
    total, found = int(of_q.sum()), []

    def term(moved: Tensor) -> Tensor:
        real, fake = paired(of_p, of_q + moved)
        return loss.generator(logits[real] if isinstance(loss, RelativeLoss) else None, logits[fake])

    for point in range(1, len(of_q)):
        unit = torch.zeros_like(of_q)
        unit[0], unit[point] = -1, 1
        near, far = (term(k * unit) - term(-k * unit) for k in (1, 2))
        found.append((8 * near - far) / 12 * total)
    return torch.stack(found)


def untied(pairs: int, total: int) -> list[tuple[Tensor, Tensor]]:
    """Counts with no p = q, where a total variation has a kink, and room to move."""
    drawn = zip(counts(20, POINTS, total, 4, seed=4), counts(20, POINTS, total, 4, seed=5), strict=True)
    return [(a, b) for a, b in drawn if (a != b).all()][:pairs]


@pytest.mark.parametrize("name", GAMES)
def test_what_the_generator_descends(name: str) -> None:
    """With D held at D*, L_G changes with P_G as the claimed divergence does."""
    game, loss = GAMES[name], build("loss", name)
    for of_p, of_q in untied(5, 50):
        p, q = probabilities(of_p), probabilities(of_q).requires_grad_()
        held = game.optimum(p, q).detach().clamp(-40, 40)  # tanh(40) is 1
        (slopes,) = torch.autograd.grad(game.descended(p, q), q)
        torch.testing.assert_close(directions(loss, held, of_p, of_q), slopes[1:] - slopes[0], rtol=0, atol=1e-9)


def test_labels_minus_1_1_0_do_not_make_the_data_a_minimum() -> None:
    """What G descends at D* is flat at P_G = P_data, but smaller on one side of it: prefer labels 0, 1, 1."""
    p, to = torch.tensor([0.2, 0.8], dtype=torch.float64), torch.tensor([-1.0, 1.0], dtype=torch.float64)
    for name, is_least in (("least_squares", True), ("least_squares_pearson", False)):
        descended = GAMES[name].descended
        sides = torch.stack([descended(p, p + step * to) - descended(p, p) for step in (-0.05, 0.05)])
        assert bool((sides > 0).all()) == is_least


# ---- losses that compare both sides


def least_of(game: RelativeGame, p: Tensor, q: Tensor) -> tuple[Tensor, float]:
    """D* [points], its mean 0, and min L_D of the paper's formula: convex and smooth, so BFGS finds it."""

    def value(v: np.ndarray) -> tuple[float, np.ndarray]:
        logits = torch.from_numpy(v).requires_grad_()
        loss = game.expectation(logits, p, q)
        (gradient,) = torch.autograd.grad(loss, logits)
        return loss.item(), gradient.numpy()

    found = minimize(value, np.zeros(len(p)), jac=True, method="BFGS", options={"gtol": 1e-11})
    return torch.from_numpy(found.x - found.x.mean()), float(found.fun)


@pytest.mark.parametrize("name", RELATIVE)
def test_the_best_relative_discriminator(name: str) -> None:
    """min L_D is that of the paper's formula, at the same D up to a constant, and below that of a constant D."""
    game, of_p, of_q = RELATIVE[name], counts(20, POINTS, 20, 1, seed=0), counts(20, POINTS, 20, 1, seed=1)
    found, least = best(build("loss", name), of_p, of_q, steps=600)
    for i, (p, q) in enumerate(zip(probabilities(of_p), probabilities(of_q), strict=True)):
        optimum, value = least_of(game, p, q)
        assert least[i].item() == pytest.approx(value, abs=1e-9)
        torch.testing.assert_close(found[i] - found[i].mean(), optimum, rtol=0, atol=1e-5)
        assert 0 < value < game.undecided - 1e-3


@pytest.mark.parametrize("name", RELATIVE)
def test_ends_of_a_relative_divergence(name: str) -> None:
    """0 where P_G = P_data, and as large as it can be where they have no point in common."""
    game, loss, same = RELATIVE[name], build("loss", name), counts(5, POINTS, 20, 1, seed=6)
    found, least = best(loss, same, same)
    assert (least - game.undecided).abs().max() < 1e-12
    assert found.std(1).max() < 1e-6
    apart = torch.full((8,), 40.0, dtype=torch.float64)
    assert loss.discriminator(apart, -apart) < 1e-15


@pytest.mark.parametrize("name", RELATIVE)
def test_both_terms_of_a_relative_loss(name: str) -> None:
    """L_G = L_D + slope (E_P D - E_Q D), and L_G is L_D with the sides exchanged."""
    loss, draw = build("loss", name), torch.Generator().manual_seed(0)
    real, fake = 3 * torch.randn(2, 30, dtype=torch.float64, generator=draw)
    of_d, of_g = loss.discriminator(real, fake), loss.generator(real, fake)
    expected = of_d + RELATIVE[name].slope * (real.mean() - fake.mean())
    assert of_g.item() == pytest.approx(expected.item(), abs=1e-12)
    assert of_g.item() == pytest.approx(loss.discriminator(fake, real).item(), abs=1e-12)


@pytest.mark.parametrize("name", RELATIVE)
def test_what_a_relative_generator_descends(name: str) -> None:
    """The slope of L_G, D held at D*, is that of min L_D (found anew for every Q) less `slope` times that of E_Q D*."""
    game, step = RELATIVE[name], 1e-4
    for of_p, of_q in untied(5, 50):
        p, q = probabilities(of_p), probabilities(of_q)
        optimum, _ = least_of(game, p, q)
        expected = []
        for point in range(1, POINTS):
            unit = torch.zeros(POINTS, dtype=torch.float64)
            unit[0], unit[point] = -step, step
            slope = (least_of(game, p, q + unit)[1] - least_of(game, p, q - unit)[1]) / (2 * step)
            expected.append(slope - game.slope * (optimum[point] - optimum[0]).item())
        played = directions(build("loss", name), optimum, of_p, of_q)
        torch.testing.assert_close(played, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-5)


@pytest.mark.parametrize("pair", range(6))
def test_pairing_is_a_classifier_of_pairs(pair: int) -> None:
    """D* = log p / q up to a constant, min L_D = log 2 - JSD(P x Q || Q x P), no more than log 2 - JSD(P || Q),
    and G descends KL(P_G || P_data) + min L_D."""
    loss = build("loss", "rpgan")
    of_p, of_q = (torch.tensor([7, 13]), torch.tensor([15, 5])) if not pair else untied(5, 50)[pair - 1]
    p, q = probabilities(of_p), probabilities(of_q).requires_grad_()

    def least(p: Tensor, q: Tensor) -> Tensor:
        return math.log(2) - jsd(torch.outer(p, q).flatten(), torch.outer(q, p).flatten())

    found, value = best(loss, of_p[None], of_q[None], steps=600)
    claimed = loss.optimum(log_ratio(p, q).detach())
    assert claimed is not None
    assert value.item() == pytest.approx(least(p, q).item(), abs=1e-12)
    assert least(p, q) <= math.log(2) - jsd(p, q)
    torch.testing.assert_close(found[0] - found.mean(), claimed - claimed.mean(), rtol=0, atol=1e-6)
    (slopes,) = torch.autograd.grad(kl(q, p) + least(p, q), q)
    played = directions(loss, claimed, of_p, of_q)
    torch.testing.assert_close(played, slopes[1:] - slopes[0], rtol=0, atol=1e-9)


def test_losses_whose_optimum_is_no_function_of_the_ratio() -> None:
    """The relativistic average: points of equal ratios stand further apart where other points have other ratios."""
    game, apart = RELATIVE["relativistic_average"], []
    for other in (1.0, 3.0):
        q = torch.tensor([1.0, 1.0, 2.0], dtype=torch.float64) / 4
        p = torch.tensor([1.0, 2.0, 2 * other], dtype=torch.float64) * q  # ratios 1 : 2 at the first two
        optimum, _ = least_of(game, p / p.sum(), q)
        apart.append((optimum[1] - optimum[0]).item())
    assert abs(apart[0] - apart[1]) > 0.01
    for name in ("relativistic_average", "wasserstein"):
        assert build("loss", name).optimum(torch.zeros(3)) is None


# ---- Wasserstein: critics that are bound by a metric


def metric(points: int, seed: int) -> Tensor:
    """Distances of random places in the plane [points, points]."""
    places = torch.rand(points, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.cdist(places, places)


def transport(p: Tensor, q: Tensor, distance: Tensor) -> float:
    """The least mean distance over which q is carried to become p: a linear programme over plans [points^2]."""
    points = len(p)
    rows, columns = np.kron(np.eye(points), np.ones(points)), np.kron(np.ones(points), np.eye(points))
    solved = linprog(distance.flatten(), A_eq=np.vstack([rows, columns]), b_eq=torch.cat([p, q]), method="highs")
    return float(solved.fun)


def critic(weights: Tensor, distance: Tensor) -> tuple[Tensor, float]:
    """The 1-Lipschitz logits [points], the first 0, that minimise <weights, logits>, and the minimum."""
    points = len(weights)
    pairs = [(i, j) for i in range(points) for j in range(points) if i != j]
    differences = np.array([np.eye(points)[i] - np.eye(points)[j] for i, j in pairs])
    bounds = [(0, 0), *[(None, None)] * (points - 1)]
    limits = [distance[i, j].item() for i, j in pairs]
    solved = linprog(weights, A_ub=differences, b_ub=limits, bounds=bounds, method="highs")
    return torch.from_numpy(solved.x), float(solved.fun)


def linear_weights(loss: Loss, of_p: Tensor, of_q: Tensor) -> Tensor:
    """L_D as a linear function of the logits [points]: its gradient, which is the same everywhere."""
    real, fake = paired(of_p, of_q)
    logits = torch.randn(2, len(of_p), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    slopes = []
    for v in logits:
        v.requires_grad_()
        loss_of_d = loss.discriminator(v[real], v[fake])
        slopes.append(torch.autograd.grad(loss_of_d, v)[0])
        torch.testing.assert_close(loss_of_d, slopes[-1] @ v, rtol=0, atol=1e-12)
    torch.testing.assert_close(*slopes, rtol=0, atol=1e-15)
    return slopes[0]


@pytest.mark.parametrize("seed", range(20))
def test_the_best_lipschitz_critic_measures_the_transport(seed: int) -> None:
    distance = metric(POINTS, seed)
    of_p, of_q = (counts(1, POINTS, 20, 1, 2 * seed + i)[0] for i in range(2))
    _, least = critic(linear_weights(build("loss", "wasserstein"), of_p, of_q), distance)
    assert -least == pytest.approx(transport(probabilities(of_p), probabilities(of_q), distance), abs=1e-9)


def test_on_a_line_the_transport_is_the_area_between_the_distribution_functions() -> None:
    places = torch.tensor([0.0, 0.5, 2.0, 3.5, 7.0], dtype=torch.float64)
    of_p, of_q = (counts(1, POINTS, 20, 1, seed)[0] for seed in range(2))
    gaps = torch.tensor([b - a for a, b in pairwise(places.tolist())], dtype=torch.float64)
    area = ((probabilities(of_p) - probabilities(of_q)).cumsum(0)[:-1].abs() * gaps).sum()
    weights = linear_weights(build("loss", "wasserstein"), of_p, of_q)
    assert -critic(weights, (places[:, None] - places).abs())[1] == pytest.approx(area.item(), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_generator_descends_the_transport(seed: int) -> None:
    """Where the potential is unique, which it is for weights in general position."""
    loss, distance, step = build("loss", "wasserstein"), metric(POINTS, seed), 1e-6
    draw = torch.Generator().manual_seed(seed)
    p, q = torch.randn(2, POINTS, dtype=torch.float64, generator=draw).softmax(1)
    logits, _ = critic(q - p, distance)
    terms = torch.stack([loss.generator(None, logit[None]) for logit in logits])
    for point in range(1, POINTS):
        unit = torch.zeros(POINTS, dtype=torch.float64)
        unit[0], unit[point] = -step, step
        slope = (transport(p, q + unit, distance) - transport(p, q - unit, distance)) / (2 * step)
        assert (terms[point] - terms[0]).item() == pytest.approx(slope, abs=1e-6)


# ---- other labels


@pytest.mark.parametrize("labels", [(0.0, 1.0, 0.5), (0.1, 0.9, 0.9), (-2.0, 1.0, 3.0)])
def test_least_squares_with_any_labels(labels: tuple[float, float, float]) -> None:
    fake, real, generator = labels
    loss = LeastSquares(fake_label=fake, real_label=real, generator_label=generator)
    game = least_squares(*labels)
    for of_p, of_q in untied(2, 50):
        p, q = probabilities(of_p), probabilities(of_q).requires_grad_()
        held = game.optimum(p, q).detach()
        at = paired(of_p, of_q)
        assert loss.discriminator(held[at[0]], held[at[1]]).item() == pytest.approx(game.least(p, q).item(), abs=1e-12)
        (slopes,) = torch.autograd.grad(game.descended(p, q), q)
        torch.testing.assert_close(directions(loss, held, of_p, of_q), slopes[1:] - slopes[0], rtol=0, atol=1e-9)
