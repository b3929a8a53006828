"""Why log(1 - D) is slow at the beginning, and what each objective of G descends."""

import math

import pytest
import torch
from torch import Tensor, nn

from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.noise import noise
from saddle.theory.divergences import jsd, kl
from saddle_studies.figures import objectives_descended
from saddle_studies.figures import slow_start as figures_of_slow_start
from saddle_studies.theory.slow_start import (
    descended,
    forces,
    gradient_norm,
    minimax_descends,
    minimax_force,
    nonsaturating_descends,
    nonsaturating_force,
    optimal_logits,
    train_to_confidence,
)


def numbers(name: str, *shape: int) -> Tensor:
    return noise(0, name, 0, range(shape[0]), shape[1:]).double()


def test_forces_are_sigmoids_of_the_logit() -> None:
    """0.000335 against 0.99966 at logit -8: a factor e^8 = 2981, exactly e^-l at every l."""
    logits = torch.linspace(-20, 20, 81, dtype=torch.float64)  # beyond it torch's softplus is linear, off by 2e-9
    slow, fast = forces(Minimax(), logits), forces(NonSaturating(), logits)
    torch.testing.assert_close(slow, minimax_force(logits), rtol=1e-13, atol=0)
    torch.testing.assert_close(fast, nonsaturating_force(logits), rtol=1e-13, atol=0)
    torch.testing.assert_close(slow + fast, torch.ones_like(logits), rtol=1e-13, atol=0)
    torch.testing.assert_close(fast / slow, (-logits).exp(), rtol=1e-12, atol=0)
    at = torch.tensor([-8.0], dtype=torch.float64)
    assert minimax_force(at).item() == pytest.approx(0.000335, abs=5e-7)
    assert nonsaturating_force(at).item() == pytest.approx(0.99966, abs=5e-6)


def networks() -> tuple[nn.Module, nn.Module]:
    """G [4] -> [2] and D [2] -> [1], with weights from streams of their own."""
    generator = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2)).double()
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1)).double()
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        for place, (key, parameter) in enumerate(network.named_parameters()):
            drawn = noise(0, f"{name} {key}", place, range(len(parameter)), parameter.shape[1:])
            parameter.data = drawn.double() / math.sqrt(parameter[0].numel())
    return generator, discriminator


def start() -> tuple[nn.Module, nn.Module, Tensor, Tensor, Tensor]:
    """G, D, codes [64, 4], reals and fakes [64, 2]."""
    generator, discriminator = networks()
    codes = numbers("codes", 64, 4)
    return generator, discriminator, codes, numbers("reals", 64, 2) + 8, generator(codes).detach()


@pytest.fixture(scope="module")
def norms() -> dict[float, tuple[float, float]]:
    """Confidence -> norms of G's gradient under both objectives, always from the same G."""
    generator, discriminator, codes, real, fake = start()
    found = {}
    for logit in (-1.0, -2.0, -4.0, -6.0, -8.0):
        train_to_confidence(NonSaturating(), discriminator, real, fake, logit, 0.05, 5_000)
        slow, fast = (gradient_norm(loss, generator, discriminator, codes) for loss in (Minimax(), NonSaturating()))
        found[logit] = (slow, fast)
    return found


def test_a_network_feels_what_the_logit_says(norms: dict[float, tuple[float, float]]) -> None:
    """From one state of G, against D trained to one confidence: 2981 apart at logit -8 if all fakes had that logit.

    They have not: the mean of sigma(l) is larger than sigma of the mean, so the ratio of the norms is smaller: 933.
    """
    slow, fast = zip(*norms.values(), strict=True)
    assert 500 < fast[-1] / slow[-1] < math.exp(8)
    assert slow[-1] < 0.03 * slow[0]
    assert fast[-1] > fast[0]


def test_a_networks_gradient_is_its_logits_weighed_by_the_forces() -> None:
    """mean of force(l_i) dl_i/dG, exactly, with the forces in closed form."""
    generator, discriminator, codes, real, fake = start()
    train_to_confidence(NonSaturating(), discriminator, real, fake, -4.0, 0.05, 5_000)
    logits = discriminator(generator(codes)).squeeze(1)
    for loss, force in ((Minimax(), minimax_force), (NonSaturating(), nonsaturating_force)):
        weighed = (force(logits.detach()) * logits).mean()
        gradients = torch.autograd.grad(weighed, list(generator.parameters()), retain_graph=True)
        exact = torch.nn.utils.get_total_norm(gradients).item()
        assert gradient_norm(loss, generator, discriminator, codes) == pytest.approx(exact, rel=1e-12)


def test_a_discriminator_that_cannot_get_there_is_an_error() -> None:
    """Not one that is there, without a step or after the last."""
    _, discriminator = networks()
    same = numbers("same", 16, 2)
    there = discriminator(same).mean().item() + 1e-9
    assert train_to_confidence(NonSaturating(), discriminator, same, same, there, 0.1, 0) == 0
    with pytest.raises(ValueError, match="after 3 steps D's mean logit on fakes is"):
        train_to_confidence(NonSaturating(), discriminator, same, same, -8.0, 0.1, 3)


@pytest.mark.parametrize("trial", range(3))
@pytest.mark.parametrize(
    ("loss", "divergence"),
    [(Minimax(), minimax_descends), (NonSaturating(), nonsaturating_descends)],
    ids=["minimax", "nonsaturating"],
)
def test_what_each_objective_descends(loss: Loss, divergence: object, trial: int) -> None:
    """To 1e-12: the gradient against a held D* is that of the closed form, in the scores of a categorical G."""
    p, scores = numbers(f"p {trial}", 7).softmax(0), 2 * numbers(f"scores {trial}", 7).requires_grad_()
    held = descended(loss, scores, optimal_logits(p, scores.softmax(0)))
    (exact,) = torch.autograd.grad(divergence(p, scores.softmax(0)), scores)  # type: ignore[operator]  # a number here
    torch.testing.assert_close(held, exact, rtol=0, atol=1e-12)
    other = minimax_descends if divergence is nonsaturating_descends else nonsaturating_descends
    (wrong,) = torch.autograd.grad(other(p, scores.softmax(0)), scores)
    assert (held - wrong).abs().max() > 0.05  # "the same form" it is not


def test_the_nonsaturating_objective_is_a_divergence_by_itself() -> None:
    """KL(q || p) - 2 JSD(p || q) = 2 KL((p + q) / 2 || p) >= 0."""
    p, q = numbers("many p", 200, 6).softmax(1), (3 * numbers("many q", 200, 6)).softmax(1)
    value = nonsaturating_descends(p, q)
    torch.testing.assert_close(value, 2 * kl((p + q) / 2, p), rtol=0, atol=1e-13)
    assert (value > 0).all()
    torch.testing.assert_close(nonsaturating_descends(p, p), torch.zeros(200, dtype=torch.float64), rtol=0, atol=1e-14)
    torch.testing.assert_close(value, kl(q, p) - 2 * jsd(p, q))


def test_missed_modes_and_fakes_without_data_cost_differently() -> None:
    """Half of the data missed, then half of the fakes where there are no data."""
    whole, half = torch.tensor([0.5, 0.5]).double(), torch.tensor([1.0, 0.0]).double()
    assert minimax_descends(whole, half).item() == pytest.approx(1.5 * math.log(4 / 3), abs=1e-15)  # 0.432
    assert nonsaturating_descends(whole, half).item() == pytest.approx(math.log(2) - 1.5 * math.log(4 / 3), abs=1e-15)
    assert minimax_descends(half, whole).item() == pytest.approx(1.5 * math.log(4 / 3), abs=1e-15)
    assert nonsaturating_descends(half, whole).isinf()


def test_both_objectives_move_nothing_at_the_data() -> None:
    p = numbers("at the data", 7).softmax(0)
    for loss in (Minimax(), NonSaturating()):
        assert descended(loss, p.log(), optimal_logits(p, p)).abs().max() < 1e-15


def test_figures(norms: dict[float, tuple[float, float]]) -> None:
    logits = torch.linspace(-10, 10, 41, dtype=torch.float64)
    confidence, (slow, fast) = torch.tensor(list(norms)), torch.tensor(list(norms.values())).T
    figure = figures_of_slow_start.draw(
        logits, minimax_force(logits), nonsaturating_force(logits), confidence, slow, fast
    )
    assert [panel.get_yscale() for panel in figure.axes] == ["log", "log"]
    share = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
    p, q = torch.tensor([0.7, 0.3]).double().expand(99, 2), torch.stack([share, 1 - share], 1)
    curves = minimax_descends(p, q), nonsaturating_descends(p, q)
    assert all(share[curve.argmin()].item() == pytest.approx(0.7) for curve in curves)
    assert len(objectives_descended.draw(share, 0.7, *curves).axes) == 1
