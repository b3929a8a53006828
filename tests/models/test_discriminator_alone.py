"""A discriminator that generates by itself: its negatives, its samples, what it learns, what it refuses."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from alones import BATCH, alone, found
from options import composed
from saddle.callbacks.discriminator_probe import DiscriminatorProbe, fooled, gaussian
from saddle.config import ConfigError, check
from saddle.data.digits import Digits
from saddle.models.discriminating import scoring
from saddle.noise import noise
from saddle.penalties.r1 import R1
from saddle.search.ascent import Ascent
from saddle.search.enumeration import Enumeration
from saddle.search.langevin import Langevin
from saddle.search.random import Random
from toy import SHAPE, Toy, dcgan, play

# ---- negatives


def test_the_buffer_is_started_from_and_put_back_to() -> None:
    """A search that adds 1 a step counts how often each row was visited; fresh ones begin below 1 again."""
    negatives, visits = found([1], buffer=20, fresh=0.25, steps=1), torch.zeros(20)
    fresh = 0
    for step in range(200):
        before, rows = negatives.points.clone(), negatives.rows(step)
        assert len(rows.unique()) == BATCH
        draw = lambda stream, shape, kind, step=step: noise(0, stream, step, range(BATCH), shape, kind)
        x = negatives(step, lambda start, steps: start + 2 * steps, draw)
        assert torch.equal(negatives.points[rows], x)
        again = x != before[rows] + 2
        assert (x[again] < 3).all()
        fresh += int(again.sum())
        visits[rows] += 1
        rest = [row for row in range(20) if row not in rows]
        assert torch.equal(negatives.points[rest], before[rest])
    assert fresh / (200 * BATCH) == pytest.approx(0.25, abs=0.05)
    assert visits.min() > 30  # 60 on average


def test_without_a_buffer_every_search_starts_from_noise() -> None:
    negatives = found(buffer=0)
    starts = [
        negatives(step, lambda start, steps: start, lambda *of, step=step: noise(0, of[0], step, range(4), *of[1:]))
        for step in (0, 1)
    ]
    assert starts[0].shape == (4, *SHAPE)
    assert not torch.equal(*starts)
    with pytest.raises(ValueError, match=r"buffer=5 is less than a batch of 6"):
        found(buffer=5)


def test_every_step_of_a_round_has_reals_and_noise_of_its_own() -> None:
    data = Toy()
    model: Any = play(alone(d_steps=2, negatives=found(buffer=0)), 2, data=data)
    assert data.asked == [range(i * BATCH, (i + 1) * BATCH) for i in range(4)]
    assert not torch.equal(model.negatives_of(0, model.negatives), model.negatives_of(1, model.negatives))


# ---- samples


def test_a_sample_is_the_same_to_the_bit_whatever_is_drawn_beside_it() -> None:
    model = play(alone(), 5)
    whole = model.sample(range(130), seed=5)
    assert whole.shape == (130, *SHAPE)
    assert torch.equal(model.sample([129, 3, 64], seed=5), whole[[129, 3, 64]])
    assert not torch.equal(model.sample([3], seed=6), whole[[3]])
    assert model.sample([], seed=5).shape == (0, *SHAPE)
    fresh = alone()
    fresh.sampling_module().load_state_dict(model.sampling_module().state_dict())
    assert torch.equal(fresh.sample(range(9), 5), whole[:9])


def test_a_sample_is_a_walk_from_its_own_noise() -> None:
    model: Any = play(alone(search=Ascent(rate=0.1, bounded=True)), 5)
    start = noise(5, "sample", 0, range(64), SHAPE, "uniform")
    x = start
    for _ in range(model.sample_steps):
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(model.sampling_module()(x).sum(), x)
        length = slope.square().mean((1, 2, 3), keepdim=True).sqrt()
        x = (x + 0.1 * slope / length).clamp(-1, 1)
    assert torch.allclose(model.sample(range(64), 5), x.detach(), atol=1e-4)


class Flat(nn.Module):
    """A D without a slope: a Langevin walk is then a random walk."""

    def __init__(self) -> None:
        super().__init__()
        self.height = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.height + 0 * x.flatten(1).sum(1, keepdim=True)


def test_every_step_of_a_samples_walk_has_noise_of_its_own() -> None:
    """After n steps of sqrt(eps T) each the distance from the start has the variance n eps T, not n^2 eps T."""
    walk = Langevin(step=0.5, temperature=0.02, limit=None, bounded=False)
    model = alone(network=Flat(), search=walk, sample_steps=16)
    way = model.sample(range(64), 5) - noise(5, "sample", 0, range(64), SHAPE, "uniform")
    assert float(way.var()) == pytest.approx(16 * 0.01, rel=0.1)


# ---- what is learned from which negatives


def scores_on_digits(negatives: Any, updates: int) -> dict[str, float]:
    digits = Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")
    model = alone(width=64, negatives=negatives, batch_size=32)
    play(model, updates, data=digits, every=updates)
    readings: dict[str, Any] = {**DiscriminatorProbe(every=1, count=300).measure(model)}
    return readings


def test_positives_only_say_one_of_everything() -> None:
    """Of noise, too, which only lies further from them: at first 0.7, and on the way to 1."""
    found = scores_on_digits(None, 400)
    probabilities = {name: 1 / (1 + math.exp(-height)) for name, height in found.items() if name.startswith("score")}
    assert probabilities.pop("score_noise") > 0.6
    assert min(probabilities.values()) > 0.99
    assert found["fooled_between"] == pytest.approx(0.5, abs=0.1)


def test_random_negatives_leave_what_is_between_its_score() -> None:
    """Noise never fools D; what is half a real sometimes, a weak generator and a mean of two reals often."""
    found = scores_on_digits(Random(shape=[1, 8, 8]), 150)
    assert found["score_noise"] < found["score_half_noised"] < found["score_real"]
    assert found["score_noise"] < -2 < 2 < found["score_real"]
    assert found["fooled_noise"] < 0.001
    assert found["fooled_gaussian"] > 0.2
    assert found["fooled_between"] > 0.3


def test_fooled_is_a_share_of_pairs() -> None:
    real, other = torch.tensor([1.0, 2, 3]), torch.tensor([2.0, 5, 0, 0])
    pairs = [float(o > r) + float(o == r) / 2 for r in real for o in other]
    assert fooled(real, other) == pytest.approx(sum(pairs) / 12)
    assert fooled(real, real) == 0.5


def test_the_weak_generator_has_the_moments_of_the_reals() -> None:
    x = noise(0, "x", 0, range(500), (2, 3)).double() @ torch.tensor([[1, 0.5, 0], [0, 2, 0], [0, 1, 0.1]]).double() + 1
    drawn = gaussian(x, noise(0, "g", 0, range(20_000), (500,)).double())
    assert drawn.shape == (20_000, 2, 3)
    assert torch.allclose(drawn.flatten(1).T.cov(), x.flatten(1).T.cov(), atol=0.15)
    assert torch.allclose(drawn.mean(0), x.mean(0), atol=0.05)


class Linear(nn.Module):
    """D(x) = w x: of a mean of two x the mean of their scores."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(noise(0, "w", 0, range(64), ()))

    def forward(self, x: Tensor) -> Tensor:
        return (x.flatten(1) @ self.weight)[:, None]


def test_scores_are_of_what_their_names_say() -> None:
    model = alone(network=Linear())
    model.data = Toy()
    readings: dict[str, Any] = {**DiscriminatorProbe(every=1, count=18).measure(model)}
    reals = Toy().sample(0, range(36), torch.device("cpu"))
    with scoring(model.discriminator) as critic, torch.no_grad():
        one, both = float(critic(reals[:18]).mean()), float(critic(reals).mean())
        held_out = float(critic(Toy().unseen(0, range(18), torch.device("cpu"))).mean())
    assert readings["score_real"] == pytest.approx(held_out, abs=1e-5)
    assert readings["score_between"] == pytest.approx(both, abs=1e-5)
    assert readings["score_half_noised"] == pytest.approx((one + readings["score_noise"]) / 2, abs=1e-5)


def test_a_penalty_and_several_steps_in_a_round() -> None:
    """R1 flattens D on the reals, with negatives and without any."""
    kinds: list[dict[str, Any]] = [{}, {"negatives": None}]
    for negatives in kinds:
        steep, flat = (alone(penalty=penalty, d_steps=2, **negatives) for penalty in (None, R1(gamma=100, every=1)))
        play(steep, 40), play(flat, 40)
        slopes = []
        for model in (steep, flat):
            x = model.reals(0, BATCH).requires_grad_()
            (slope,) = torch.autograd.grad(model.discriminator(x).sum(), x)
            slopes.append(float(slope.square().sum()))
        assert slopes[1] < 0.5 * slopes[0]
    assert flat.real_per_update == 2 * BATCH


# ---- what is refused


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2\^64 black and white images"):
        Enumeration(shape=[1, 8, 8], temperature=0.0)
    with pytest.raises(ConfigError, match=r"model=discriminator_enumeration.*data=bars_and_stripes"):
        check(composed("model=discriminator_enumeration", "data=digits", "resolution=8"))
    check(composed("model=discriminator_enumeration", "data=bars_and_stripes", "network=mlp"))
    with pytest.raises(ConfigError, match=r"norm=batch.*one x at a time"):
        check(composed("model=discriminator", "network.discriminator.norm=batch"))
    with pytest.raises(ValueError, match="norm=none, layer or spectral"):
        alone(network=dcgan("batch", 16)[1])
    with pytest.raises(ConfigError, match=r"labels=true: model=discriminator knows no classes"):
        check(composed("model=discriminator", "data=digits", "resolution=8", "labels=true"))
    with pytest.raises(ValueError, match="no classes"):
        alone().sample([0], 0, torch.zeros(1))


@pytest.mark.parametrize(
    "name", ["discriminator", "discriminator_ascent", "discriminator_random", "discriminator_positives"]
)
def test_it_does_without_a_generator(name: str) -> None:
    cfg = composed(f"model={name}")
    check(cfg)
    assert cfg.network.generator is None
    assert cfg.network.encoder is None
    assert cfg.optimizer.generator is None
    for key in ("augment", "g_steps", "code_size", "prior", "generator_batch_size"):
        assert cfg[key] is None
    assert cfg.loss is not None
