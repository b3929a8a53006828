"""Every penalty in conf/penalty, by closed forms and by finite differences."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from options import build, options
from saddle.networks.base import initialised
from saddle.networks.norms import Norm
from saddle.networks.resnet import ResNetDiscriminator
from saddle.noise import noise
from saddle.penalties.base import Critic, Penalty
from saddle.penalties.dragan import DRAGAN
from saddle.penalties.gradient_penalty import GradientPenalty
from saddle.penalties.lecam import LeCam
from saddle.penalties.r1 import R1
from saddle.penalties.r1_r2 import R1R2
from saddle.penalties.r2 import R2
from saddle.penalties.slope import slopes
from saddle.penalties.weight_clipping import WeightClipping
from saddle.penalties.zero_centered import ZeroCentered

PENALTIES = [name for name in options("penalty") if name != "none"]
SHAPE = (3, 4, 4)


@pytest.fixture(params=PENALTIES)
def penalty(request: pytest.FixtureRequest) -> Penalty:
    return build("penalty", request.param)


@dataclass
class Step:
    """What a penalty is called with in one step of D, over the samples `indices` of a batch."""

    real: Tensor
    fake: Tensor
    indices: range

    def value(self, penalty: Penalty, critic: Critic) -> Tensor:
        logits = critic(self.real), critic(self.fake)  # of the whole batch, on every rank
        own = slice(self.indices.start, self.indices.stop)
        return penalty(critic, self.real[own], self.fake[own], *logits, self.draw)

    def draw(self, stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
        return noise(0, stream, 0, self.indices, shape, distribution)


def whole(count: int = 8, seed: int = 0) -> Step:
    draw = torch.Generator().manual_seed(seed)
    real, fake = torch.randn(2, count, *SHAPE, dtype=torch.float64, generator=draw)
    return Step(real, fake + 0.5, range(count))


def linear(weight: Tensor) -> Critic:
    return lambda x: x.flatten(1) @ weight.to(x.dtype)


def direction(length: float) -> Tensor:
    w = torch.randn(48, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return length * w / w.norm()


CLOSED: dict[str, tuple[Penalty, Callable[[float], float]]] = {
    "r1": (R1(gamma=3, every=1), lambda s: 3 / 2 * s**2),
    "r2": (R2(gamma=3, every=1), lambda s: 3 / 2 * s**2),
    "r1_r2": (R1R2(gamma=3, every=1), lambda s: 3 * s**2),
    "two-sided": (GradientPenalty(weight=3, one_sided=False, every=1), lambda s: 3 * (s - 1) ** 2),
    "one-sided": (GradientPenalty(weight=3, one_sided=True, every=1), lambda s: 3 * max(0, s - 1) ** 2),
    "zero-centred": (ZeroCentered(weight=3, every=1), lambda s: 3 * s**2),
    "dragan": (DRAGAN(weight=3, spread=0.5, every=1), lambda s: 3 * (s - 1) ** 2),
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 2.5])
def test_closed_form_on_a_linear_critic(name: str, slope: float) -> None:
    """<w, x> has slope |w| at every sample. A norm over the batch of 8 would make 3 (sqrt(8) - 1)^2 of the 0 at 1."""
    penalty, form = CLOSED[name]
    assert whole().value(penalty, linear(direction(slope))).item() == pytest.approx(form(slope), abs=1e-12)


def test_every_penalty_on_slopes_has_a_closed_form() -> None:
    built = [build("penalty", name) for name in PENALTIES]
    assert {type(penalty) for penalty, _ in CLOSED.values()} == {type(made) for made in built if made.per_sample}


@pytest.mark.parametrize(
    "critic", [lambda x: x.new_ones(len(x), requires_grad=True), lambda x: 0 * x.flatten(1).sum(1)]
)
def test_constant_critic(critic: Critic) -> None:
    """Slope 0: the whole weight where it should be 1, nothing where it may be less or should be 0."""
    for penalty, form in CLOSED.values():
        assert whole().value(penalty, critic).item() == form(0)


def size(x: Tensor) -> Tensor:
    return x.flatten(1).norm(dim=1)


def between(step: Step) -> Tensor:
    share = (step.draw("interpolation", (1, 1, 1), "uniform").double() + 1) / 2
    return share * step.real + (1 - share) * step.fake


LOOKS: dict[type[Penalty], Callable[[Any, Step], Tensor]] = {
    R1: lambda made, at: made.weight * size(at.real).square().mean(),
    R2: lambda made, at: made.weight * size(at.fake).square().mean(),
    R1R2: lambda made, at: made.weight * (size(at.real).square() + size(at.fake).square()).mean(),
    GradientPenalty: lambda made, at: made.weight * (size(between(at)) - 1).square().mean(),
    ZeroCentered: lambda made, at: made.weight * size(between(at)).square().mean(),
    DRAGAN: lambda made, at: (
        made.weight * (size(at.real + made.spread * at.draw("perturbation", SHAPE, "normal")) - 1).square().mean()
    ),
}


def test_where_a_penalty_looks(penalty: Penalty) -> None:
    """|x|^2 / 2 has slope |x| at x, here above 1: the value tells at which places it was taken."""
    if not penalty.per_sample:
        return
    step = whole()
    value = step.value(penalty, lambda x: x.flatten(1).square().sum(1) / 2)
    torch.testing.assert_close(value, LOOKS[type(penalty)](penalty, step), rtol=1e-12, atol=0)


def test_interpolates_lie_on_the_lines_between_pairs() -> None:
    """On the critic that is steep only in a far region, nothing is seen unless a line passes through it."""
    step = whole(64)
    step.real, step.fake = torch.zeros(64, *SHAPE), torch.zeros(64, *SHAPE)
    step.real[:, 0, 0, 0], step.fake[:, 0, 0, 0] = 1, 3
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    step.value(GradientPenalty(weight=1, one_sided=False, every=1), critic)
    places = seen[-1][:, 0, 0, 0]
    assert ((places >= 1) & (places <= 3)).all()
    assert places.mean().item() == pytest.approx(2, abs=0.2)
    assert places.std().item() == pytest.approx(2 / 12**0.5, abs=0.1)
    assert not seen[-1].flatten(1)[:, 1:].any()


class Deep(nn.Module):
    """A smooth critic of three layers in float64."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.Tanh(), nn.Conv2d(6, 4, 3), nn.Softplus(), nn.Flatten(), nn.Linear(16, 1)
        ).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.double()).squeeze(1)


def deep() -> Deep:
    critic = initialised(Deep, 0, "test")
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(2.8)  # slopes on both sides of 1
    return critic


def test_derivative_by_the_critic_s_parameters(penalty: Penalty) -> None:
    """Along random directions, against central differences, on a deep critic; the averages of LeCam are constants."""
    step, critic = whole(), deep()
    parameters = list(critic.parameters())
    value = step.value(penalty, critic)
    if not value.requires_grad:
        assert value == 0
        return
    gradients = torch.autograd.grad(value, parameters, allow_unused=True, materialize_grads=True)
    assert any(gradient.any() for gradient in gradients)
    draw = torch.Generator().manual_seed(2)
    for _ in range(3):
        directions = [torch.randn(p.shape, dtype=p.dtype, generator=draw) for p in parameters]
        along = sum((g * d).sum().item() for g, d in zip(gradients, directions, strict=True))
        ahead, behind = (_held(penalty, step, moved(critic, directions, size)) for size in (1e-5, -1e-5))
        assert along == pytest.approx((ahead - behind) / 2e-5, rel=1e-6, abs=1e-8)


def moved(critic: Deep, directions: list[Tensor], size: float) -> Deep:
    other = deepcopy(critic)
    with torch.no_grad():
        for parameter, way in zip(other.parameters(), directions, strict=True):
            parameter.add_(way, alpha=size)
    return other


def _held(penalty: Penalty, step: Step, critic: Critic) -> float:
    """The penalty of a critic, with the averages that there were after its first step."""
    if not isinstance(penalty, LeCam):
        return step.value(penalty, critic).item()
    average_real, average_fake = penalty.averages / (1 - penalty.decay**penalty.steps)
    squares = (critic(step.real) - average_fake).square(), (critic(step.fake) - average_real).square()
    return (penalty.weight * (squares[0].mean() + squares[1].mean())).item()


def test_mean_over_ranks_is_the_whole_batch_s(penalty: Penalty) -> None:
    """Each rank holds its share of the samples, all have all logits: value and state are those of one process."""
    step, critic = whole(), deep()
    together = deepcopy(penalty)
    shares = [deepcopy(penalty) for _ in range(2)]
    for _ in range(2):
        value = step.value(together, critic)
        parts = [
            Step(step.real, step.fake, indices).value(share, critic)
            for share, indices in zip(shares, (range(4), range(4, 8)), strict=True)
        ]
        torch.testing.assert_close(torch.stack(parts).mean(), value, rtol=1e-12, atol=0)
    for share in shares:
        assert all(torch.equal(a, b) for a, b in zip(share.buffers(), together.buffers(), strict=True))


def test_no_gradient_reaches_the_samples_and_none_is_rounded(penalty: Penalty) -> None:
    """D's step sends nothing into G; inside bfloat16 autocast the critic is asked in float32."""
    step, network = whole(), deep().float().layers
    step.real, step.fake = step.real.float().requires_grad_(), step.fake.float().requires_grad_()
    kinds: list[torch.dtype] = []

    def critic(x: Tensor) -> Tensor:
        kinds.append(network(x).dtype)
        return network(x).squeeze(1)

    logits = critic(step.real.detach()), critic(step.fake.detach())
    plain = deepcopy(penalty)(critic, step.real, step.fake, *logits, step.draw)
    with torch.autocast("cpu", torch.bfloat16):
        value = penalty(critic, step.real, step.fake, *logits, step.draw)
    assert set(kinds) == {torch.float32}
    assert torch.equal(value, plain)
    assert value.shape == ()
    if value.requires_grad:
        assert all(g is None for g in torch.autograd.grad(value, [step.real, step.fake], allow_unused=True))


@pytest.mark.parametrize("norm", ["none", "layer", "spectral"])
def test_second_derivatives_of_a_real_discriminator(penalty: Penalty, norm: Norm) -> None:
    """A step's backward is finite on the residual network with every normalisation that it may be played with."""
    sizes = {"channels": 3, "resolution": 8, "width": 8, "widest": 8, "bottom": 4, "flat_blocks": 1, "outputs": 1}
    make = lambda: ResNetDiscriminator(**sizes, classes=None, norm=norm, pooling="sum", output_bias=True)  # type: ignore[arg-type]  # right at run time, wider on paper
    discriminator = initialised(make, 0, "test")
    real, fake = torch.randn(2, 4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    step = Step(real, fake, range(4))
    value = step.value(penalty, lambda x: 100 * discriminator(x).squeeze(1))  # slopes above 1
    if value.requires_grad:
        value.backward()
        assert any(p.grad is not None and p.grad.any() for p in discriminator.parameters())
    assert all(torch.isfinite(p.grad).all() for p in discriminator.parameters() if p.grad is not None)


def test_slope_of_zero_has_a_derivative() -> None:
    """sqrt has none at 0: a critic that starts flat would be NaN after its first step."""
    weight = torch.zeros(48, requires_grad=True)
    slopes(linear(weight), whole().real.float()).sum().backward()
    assert weight.grad is not None
    assert torch.isfinite(weight.grad).all()


def test_weight_clipping_clamps_and_nothing_else_does(penalty: Penalty) -> None:
    critic = deep()
    before = [p.clone() for p in critic.parameters()]
    penalty.project(critic)
    limit = penalty.limit if isinstance(penalty, WeightClipping) else torch.inf
    for parameter, old in zip(critic.parameters(), before, strict=True):
        assert torch.equal(parameter, old.clamp(-limit, limit))
        assert parameter.requires_grad


def test_averages_of_lecam() -> None:
    """Reals are held to the average of the fakes and fakes to that of the reals; the first step knows its own alone."""
    penalty = LeCam(weight=2, decay=0.9)

    def value(real: float, fake: float) -> float:
        logits = torch.full((4,), float(real)), torch.full((4,), float(fake))
        return penalty(lambda x: x, torch.empty(0), torch.empty(0), *logits, whole().draw).item()

    assert value(3, -1) == pytest.approx(2 * (4**2 + 4**2))
    real, fake = ((0.9 * first + second) / 1.9 for first, second in ((3, 5), (-1, 0)))
    assert value(5, 0) == pytest.approx(2 * ((5 - fake) ** 2 + (0 - real) ** 2), rel=1e-5)
    resumed = LeCam(weight=2, decay=0.9)
    resumed.load_state_dict(penalty.state_dict())
    logits = torch.ones(4), torch.ones(4)
    values = [made(lambda x: x, torch.empty(0), torch.empty(0), *logits, whole().draw) for made in (penalty, resumed)]
    assert values[0] == values[1]
