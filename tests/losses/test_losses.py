"""What holds for every loss in conf/loss; what each one measures is in `test_loss_proofs`, how it plays in
`test_loss_games`."""

import math

import pytest
import torch
from torch import Tensor

from options import build, options
from saddle.losses.base import Loss, RelativeLoss
from saddle.losses.f_divergence import LIMIT, exponential
from saddle.losses.least_squares import LeastSquares
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.losses.rpgan import RelativisticPairing

LOSSES = options("loss")


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> Loss:
    return build("loss", request.param)


def generator_term(loss: Loss, real: Tensor, fake: Tensor) -> Tensor:
    """G's term; reals are shown to a loss that compares fakes with them."""
    return loss.generator(real if isinstance(loss, RelativeLoss) else None, fake)


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


@pytest.mark.parametrize("name", ["hinge", "wasserstein", "f_reverse_kl"])
def test_generators_that_are_pushed_alike_wherever_a_fake_lies(name: str) -> None:
    """The hinge is D's alone: with one of its own G would feel nothing beyond the margin."""
    logits = torch.linspace(-50, 50, 11, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(build("loss", name).generator(None, logits), logits)
    assert torch.equal(slope, torch.full_like(slope, -1 / 11))


def test_both_players_want_what_they_should(loss: Loss) -> None:
    """Where D is undecided, it raises reals and lowers fakes; where it rejects fakes, G raises them."""
    real, fake, rejected = (torch.full((16,), at, dtype=torch.float64, requires_grad=True) for at in (0.0, 0.0, -1.0))
    of_real, of_fake = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
    (of_generator,) = torch.autograd.grad(generator_term(loss, real, rejected), rejected)
    assert (of_real < 0).all()
    assert (of_fake >= 0).all()
    assert (of_generator < 0).all()


def test_labels_of_least_squares_the_wrong_way_round_are_refused() -> None:
    """With them a larger logit would mean less real."""
    for fake, real in ((1.0, 0.0), (1.0, 1.0)):
        with pytest.raises(ValueError, match="label of the reals must be the larger"):
            LeastSquares(fake_label=fake, real_label=real, generator_label=0.0)


def test_the_threshold_divides_reals_from_fakes(loss: Loss) -> None:
    """Where reals are more frequent than fakes, D's best logit lies above it; without one all logits may be shifted."""
    if loss.threshold is None:
        real, fake = torch.randn(2, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(loss.discriminator(real + 3, fake + 3), loss.discriminator(real, fake))
        return
    logits = torch.linspace(-4, 4, 801, dtype=torch.float64)
    middle = torch.full((1,), loss.threshold, dtype=torch.float64)
    of_real, of_fake = (
        torch.stack([loss.discriminator(*pair) for pair in pairs])
        for pairs in ([(v[None], middle) for v in logits], [(middle, v[None]) for v in logits])
    )
    for reals in (0.4, 0.6):  # of the samples at one point
        best = logits[(reals * of_real + (1 - reals) * of_fake).argmin()].item()
        assert (best > loss.threshold) == (reals > 0.5)
        assert best != loss.threshold


@pytest.mark.parametrize("extreme", [-1e4, -80.0, 80.0, 1e4])
def test_finite_at_extreme_logits(loss: Loss, extreme: float) -> None:
    """In float32, where D is sure, right or wrong, or sure of the same on both sides."""
    for sign in (-1, 1):
        real = torch.full((4,), sign * extreme, requires_grad=True)
        fake = torch.full((4,), extreme, requires_grad=True)
        for term in (loss.discriminator(real, fake), generator_term(loss, real, fake)):
            gradients = torch.autograd.grad(term, (real, fake), allow_unused=True)
            assert torch.isfinite(term)
            assert all(torch.isfinite(gradient.norm()) for gradient in gradients if gradient is not None)


def test_finite_on_the_whole_range(loss: Loss) -> None:
    logits = torch.linspace(-80, 80, 1001)
    for real, fake in ((logits, logits), (logits, logits.flip(0)), (logits, 0 * logits), (0 * logits, logits)):
        real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
        for term in (loss.discriminator(real, fake), generator_term(loss, real, fake)):
            gradients = torch.autograd.grad(term, (real, fake), allow_unused=True)
            assert torch.isfinite(term)
            assert all(torch.isfinite(gradient).all() for gradient in gradients if gradient is not None)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_gradients_are_finite_differences(loss: Loss, scale: float) -> None:
    """Of both terms, in every logit that they see."""
    draw = torch.Generator().manual_seed(0)
    real, fake = (scale * torch.randn(6, dtype=torch.float64, generator=draw) for _ in range(2))
    real, fake = real.requires_grad_(), fake.requires_grad_()
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(lambda fake: generator_term(loss, real.detach(), fake), (fake,))


def test_logits_that_would_broadcast_are_refused(loss: Loss) -> None:
    """[batch] against [batch, 1] is a mean over batch^2 pairs, and no library says so."""
    flat, column = torch.zeros(8), torch.zeros(8, 1)
    for real, fake in ((flat, column), (column, flat), (column, column), (flat, flat[:4]), (flat[0], flat[0])):
        with pytest.raises(ValueError, match=r"logits \[batch\] .*squeeze"):
            loss.discriminator(real, fake)
        with pytest.raises(ValueError, match=r"logits \[batch\] .*squeeze"):
            loss.generator(real, fake)
    with pytest.raises(ValueError, match=r"logits \[batch\] .*squeeze"):
        loss.generator(None, column)
    with pytest.raises(ValueError, match=r"takes logits in float32 or float64, not torch\.bfloat16"):
        loss.discriminator(flat, flat.bfloat16())


def test_a_relative_loss_without_reals_is_refused() -> None:
    with pytest.raises(ValueError, match="RelativisticPairing compares fakes with reals"):
        RelativisticPairing().generator(None, torch.zeros(8))


def test_the_exponential_goes_on_as_its_tangent() -> None:
    x = torch.tensor([-1e4, -5.0, 0.0, LIMIT - 1, LIMIT, LIMIT + 1, 1e4], requires_grad=True)
    (slope,) = torch.autograd.grad(exponential(x).sum(), x)
    end = math.exp(LIMIT)
    expected = [0, math.exp(-5), 1, math.exp(LIMIT - 1), end, 2 * end, (1e4 - LIMIT + 1) * end]
    torch.testing.assert_close(exponential(x), torch.tensor(expected))
    torch.testing.assert_close(slope, torch.tensor([0, math.exp(-5), 1, math.exp(LIMIT - 1), end, end, end]))
