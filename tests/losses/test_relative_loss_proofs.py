"""What losses measure that compare both sides, and critics that are bound by a metric."""

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
from options import build, options
from saddle.losses.base import Loss
from saddle.losses.f_divergence import FDivergence
from saddle.theory.divergences import (
    jsd,
    kl,
)
from test_loss_proofs import FUNCTIONS, GAMES, best, directions, log_ratio, paired, probabilities, untied

POINTS = 5


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


def test_every_option_has_its_claims() -> None:
    losses = set(options("loss"))
    assert losses == {*GAMES, *RELATIVE, "wasserstein"}
    assert {name for name in losses if isinstance(build("loss", name), FDivergence)} == set(FUNCTIONS)


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
