"""Every loss in conf/loss, by closed forms."""

import math

import pytest
import torch
from torch import Tensor

from members import build, members
from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating

LOSSES = members("loss")


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> Loss:
    return build("loss", request.param)


def test_undecided_discriminator_has_value_minus_log_4() -> None:
    zero = torch.zeros(8, dtype=torch.float64)
    for loss in (Minimax(), NonSaturating()):
        assert loss.discriminator(zero, zero).item() == pytest.approx(math.log(4), abs=1e-15)


@pytest.mark.parametrize(("game", "gradient"), [(Minimax(), -0.000335), (NonSaturating(), -0.99966)])
def test_generator_gradient_where_the_fake_is_rejected(game: Loss, gradient: float) -> None:
    """The two games differ by a factor of 3,000 at logit -8; suites that train one under both names fail here."""
    logit = torch.tensor([-8.0], dtype=torch.float64, requires_grad=True)
    game.generator(None, logit).backward()
    assert logit.grad is not None
    assert logit.grad.item() == pytest.approx(gradient, rel=2e-3)


def test_both_players_want_what_they_should(loss: Loss) -> None:
    """Where D is undecided, it raises reals and lowers fakes, and G raises fakes."""
    real, fake = (torch.zeros(16, dtype=torch.float64, requires_grad=True) for _ in range(2))
    of_real, of_fake = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
    (of_generator,) = torch.autograd.grad(loss.generator(None, fake), fake)
    assert (of_real < 0).all()
    assert (of_fake >= 0).all()
    assert (of_generator < 0).all()


@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_finite_at_extreme_logits(loss: Loss, extreme: float) -> None:
    real = torch.full((4,), -extreme, requires_grad=True)
    fake = torch.full((4,), extreme, requires_grad=True)
    for term in (loss.discriminator(real, fake), loss.generator(None, fake)):
        gradients = torch.autograd.grad(term, (real, fake), allow_unused=True)
        assert torch.isfinite(term)
        assert all(torch.isfinite(gradient).all() for gradient in gradients if gradient is not None)


def kl(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum()


def jsd(p: Tensor, q: Tensor) -> Tensor:
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


DESCENDED = {
    "minimax": (Minimax(), lambda p, q: 2 * jsd(p, q)),
    "nonsaturating": (NonSaturating(), lambda p, q: kl(q, p) - 2 * jsd(p, q)),
}


@pytest.mark.parametrize("name", DESCENDED)
@pytest.mark.parametrize("seed", range(3))
def test_what_the_generator_descends_at_the_optimal_discriminator(name: str, seed: int) -> None:
    """A categorical generator q = softmax(theta) against p, with D held at D* = p / (p + q), logit log p - log q.

    The gradient of E_{x ~ q} L_G(logit(x)) in theta is that of 2 JSD for minimax and of KL(q || p) - 2 JSD for
    non-saturating (Arjovsky and Bottou 2017, theorem 2.5).
    """
    loss, divergence = DESCENDED[name]
    draw = torch.Generator().manual_seed(seed)
    p = torch.randn(7, dtype=torch.float64, generator=draw).softmax(0)
    theta = torch.randn(7, dtype=torch.float64, generator=draw, requires_grad=True)
    q = theta.softmax(0)
    logits = (p.log() - q.log()).detach()
    term = torch.stack([q[i] * loss.generator(None, logits[i : i + 1]) for i in range(len(q))]).sum()
    (played,) = torch.autograd.grad(term, theta, retain_graph=True)
    (expected,) = torch.autograd.grad(divergence(p, q), theta)
    torch.testing.assert_close(played, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_optimal_discriminator_value_is_the_jensen_shannon_divergence(seed: int) -> None:
    """V(G, D*) = -2 log 2 + 2 JSD, and any other D gives less (lecture II.2)."""
    draw = torch.Generator().manual_seed(seed)
    p, q = torch.randn(2, 9, dtype=torch.float64, generator=draw).softmax(1)
    best = p.log() - q.log()

    def value(logits: Tensor) -> Tensor:
        terms = [(p[i], q[i], logits[i : i + 1]) for i in range(len(p))]
        nowhere = torch.full((1,), -1e4, dtype=torch.float64)  # softplus(-1e4) = 0: the other player's term vanishes
        reals = sum(a * Minimax().discriminator(logit, nowhere) for a, _, logit in terms)
        fakes = sum(b * Minimax().discriminator(-nowhere, logit) for _, b, logit in terms)
        return -(reals + fakes)

    assert value(best).item() == pytest.approx((-2 * math.log(2) + 2 * jsd(p, q)).item(), abs=1e-12)
    for _ in range(5):
        other = best + torch.randn(9, dtype=torch.float64, generator=draw)
        assert value(other) < value(best)
