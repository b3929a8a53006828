"""What each loss measures with its best D, and what its G then descends."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from counts import counts
from options import build
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


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "f_kl": lambda u: torch.xlogy(u, u),
    "f_reverse_kl": lambda u: -u.log(),
    "f_js": lambda u: torch.xlogy(u, u) - torch.xlogy(1 + u, (1 + u) / 2),
    "f_squared_hellinger": lambda u: (u.sqrt() - 1).square(),
    "f_pearson": lambda u: (u - 1).square(),
    "f_total_variation": lambda u: (u - 1).abs() / 2,
}
"""The f of Nowozin et al. 2016, table 1."""


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
def test_an_option_of_the_family_is_its_f(name: str) -> None:
    """f* o g_f is the conjugate of f by definition, g_f increases, and D measures sum q f(p / q)."""
    loss, f = build("loss", name), FUNCTIONS[name]
    logits = torch.linspace(-1.9, 3, 50, dtype=torch.float64)
    u = torch.linspace(-25, 25, 200_001, dtype=torch.float64).exp()
    conjugate = torch.stack([(u * t - f(u)).max() for t in loss.activation(logits)])
    torch.testing.assert_close(loss.conjugate(logits), conjugate, rtol=1e-6, atol=1e-6)
    assert (loss.activation(logits).diff() > 0).all()
    p, q = probabilities(counts(20, POINTS, 20, 1, seed=2)), probabilities(counts(20, POINTS, 20, 1, seed=3))
    torch.testing.assert_close(of_function(f)(p, q), -GAMES[name].least(p, q), rtol=0, atol=1e-12)


def test_the_js_option_is_the_minimax_game() -> None:
    real, fake = torch.randn(2, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    option, minimax = build("loss", "f_js"), build("loss", "minimax")
    shift = 2 * math.log(2)
    assert option.discriminator(real, fake).item() == pytest.approx(minimax.discriminator(real, fake).item() - shift)
    assert option.generator(None, fake).item() == pytest.approx(minimax.generator(None, fake).item() + shift / 2)


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
