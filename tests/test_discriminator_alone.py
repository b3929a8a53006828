"""A discriminator that generates by itself: its searches and its loop against closed forms."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, Trainer
from torch import Tensor, nn

from alones import BATCH, alone, found
from members import composed
from saddle.callbacks.scores import Scores, fooled, gaussian
from saddle.config import ConfigError, check
from saddle.data.bars_and_stripes import BarsAndStripes
from saddle.data.digits import Digits
from saddle.data.mixture_1d import Mixture1D
from saddle.losses.f_kl import KullbackLeibler
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.losses.wasserstein import Wasserstein
from saddle.models.judging import scoring
from saddle.noise import noise
from saddle.penalties.r1 import R1
from saddle.search.ascent import Ascent
from saddle.search.enumeration import Enumeration
from saddle.search.langevin import Langevin
from saddle.search.random import Random
from saddle.search.solver import solved
from saddle.theory.alone import fixed_point, largest_share, loop, searched
from saddle.theory.figures import landscape
from toy import SHAPE, Toy, dcgan, play


def draw_of(n: int) -> Any:
    """Noise for a search of n points."""
    return lambda stream, shape, distribution: noise(0, stream, 0, range(n), shape, distribution).double()


# ---- searches


def test_ascent_finds_the_top_of_a_concave_discriminator() -> None:
    """D = -(x - m)' A (x - m) / 2: every start comes within a move of m; the first move is the slope's direction."""
    a, m = torch.tensor([0.5, 1.0, 2.0]).double(), torch.tensor([0.3, -0.2, 0.5]).double()
    critic = lambda x: -(a * (x - m).square()).sum(1) / 2
    start = noise(0, "start", 0, range(20), (3,)).double()
    ascent = Ascent(rate=0.02, bounded=False)
    once = ascent(critic, start, 1, draw_of(20)) - start
    assert torch.allclose(once.square().mean(1), torch.full((20,), 0.02**2).double())
    assert torch.allclose(nn.functional.cosine_similarity(once, a * (m - start)), torch.ones(20).double())
    assert (ascent(critic, start, 300, draw_of(20)) - m).abs().max() < 0.02 * math.sqrt(3)
    assert torch.allclose(
        ascent(lambda x: 1e-9 * critic(x), start, 9, draw_of(20)), ascent(critic, start, 9, draw_of(20))
    )
    outside = Ascent(rate=0.1, bounded=True)(lambda x: 3 * x.sum(1), start, 50, draw_of(20))
    assert torch.equal(outside, torch.ones(20, 3).double())
    assert torch.equal(ascent(lambda x: 0 * x.sum(1), start, 3, draw_of(20)), start)


@pytest.mark.parametrize(("step", "temperature"), [(0.1, 1.0), (1.0, 1.0), (0.5, 0.25)])
def test_langevin_samples_the_gaussian_with_its_known_bias(step: float, temperature: float) -> None:
    """Of D = -(x - m)^2 / (2 s^2): mean m, variance T s^2 / (1 - eps / (4 s^2)), not T s^2."""
    m, s = 0.7, 0.8
    critic = lambda x: -((x - m) ** 2).sum(1) / (2 * s**2)
    walk = Langevin(step=step, temperature=temperature, limit=None, bounded=False)
    n = 20_000
    x = walk(critic, torch.zeros(n, 1).double(), int(8 * s**2 / step) + 10, draw_of(n))
    expected = temperature * s**2 / (1 - step / (4 * s**2))
    assert float(x.mean()) == pytest.approx(m, abs=4 * math.sqrt(expected / n))
    assert float(x.var()) == pytest.approx(expected, rel=4 * math.sqrt(2 / n))
    if step == 1.0:
        assert abs(float(x.var()) / (temperature * s**2) - 1) > 0.3


def test_langevin_without_temperature_is_plain_ascent() -> None:
    """Of D = w x with |w| above the limit every move is step / 2 times the limit, until the edge."""
    critic = lambda x: x @ torch.tensor([3.0, -0.2]).double()
    start = noise(0, "start", 0, range(20), (2,), "uniform").double()
    walk = Langevin(step=0.3, temperature=0.0, limit=0.5, bounded=True)
    moved = start + 9 * torch.tensor([0.15 * 0.5, -0.15 * 0.2])
    assert torch.allclose(walk(critic, start, 9, draw_of(20)), moved.clamp(-1, 1))


def test_enumeration_is_brute_force() -> None:
    """All 2^16 images of 4 x 4, each once; the argmax; and exp(D / T) in frequencies."""
    weight = noise(0, "weight", 0, range(16), ()).double()
    critic = lambda x: x.flatten(1).double() @ weight
    every = Enumeration(shape=[1, 4, 4], temperature=0.0)
    assert len(every.points.unique(dim=0)) == 2**16
    assert set(every.points.unique().tolist()) == {-1.0, 1.0}
    best = every(critic, torch.zeros(5, 1, 4, 4), 1, draw_of(5))
    assert torch.equal(best, weight.sign().float().reshape(1, 1, 4, 4).expand(5, 1, 4, 4))
    few = Enumeration(shape=[2], temperature=0.5)
    x = few(lambda x: x @ torch.tensor([0.2, -0.3]), torch.zeros(40_000, 2), 1, draw_of(40_000))
    for point in few.points:
        exact = math.prod(1 / (1 + math.exp(-4 * w * float(v))) for w, v in zip((0.2, -0.3), point, strict=True))
        assert float((x == point).all(1).double().mean()) == pytest.approx(exact, abs=0.01)
    flat = every.probabilities(lambda x: torch.zeros(len(x)), torch.device("cpu"))
    assert torch.allclose(flat, torch.full_like(flat, 2**-16))


# ---- G as the one that solves the argmax


def test_a_search_from_what_g_draws_is_better_by_what_is_known() -> None:
    """D = -|x - m|^2 / 2 and a G that is wrong by (0.3, -0.4): it loses 1/8, a G that is right loses nothing."""
    m = torch.tensor([0.2, 0.1]).double()
    critic = lambda x: -((x - m) ** 2).sum(1) / 2
    off = torch.tensor([0.3, -0.4]).double()
    codes, ascent = noise(0, "codes", 0, range(7), (2,)).double(), Ascent(rate=0.002, bounded=True)
    wrong = solved(lambda z: m + off + 0 * z, critic, codes, ascent=ascent, steps=400, repeats=1)
    assert torch.allclose(wrong.generated, torch.full((7,), -0.125).double())
    assert torch.allclose(wrong.searched, torch.zeros(7).double(), atol=1e-5)
    assert torch.allclose(wrong.moved, torch.full((7,), 0.5 / math.sqrt(2)).double(), atol=0.003)
    once = solved(lambda z: m + off + 0 * z, critic, codes, ascent=ascent, steps=1, repeats=1)
    assert (once.searched > once.generated).all()  # the end of the way is looked at, too
    right = solved(lambda z: m + 0 * z, critic, codes, ascent=ascent, steps=5, repeats=3)
    assert torch.equal(right.searched, right.generated)
    assert torch.equal(right.moved, torch.zeros(7).double())
    assert right.steps == 5
    assert right.ratio > 1  # five gradients of D against one evaluation of G
    scaled = solved(lambda z: m + off + 0 * z, lambda x: 9 * critic(x), codes, ascent=ascent, steps=9, repeats=1)
    plain = solved(lambda z: m + off + 0 * z, critic, codes, ascent=ascent, steps=9, repeats=1)
    assert torch.allclose(scaled.moved, plain.moved)
    assert torch.allclose(scaled.searched, 9 * plain.searched)


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
    assert not torch.equal(model.found(0, model.negatives), model.found(1, model.negatives))


# ---- samples


def test_a_sample_is_the_same_to_the_bit_whatever_is_drawn_beside_it() -> None:
    model = play(alone(), 5)
    whole = model.sample(range(130), seed=5)
    assert whole.shape == (130, *SHAPE)
    assert torch.equal(model.sample([129, 3, 64], seed=5), whole[[129, 3, 64]])
    assert not torch.equal(model.sample([3], seed=6), whole[[3]])
    assert model.sample([], seed=5).shape == (0, *SHAPE)
    fresh = alone()
    fresh.drawn().load_state_dict(model.drawn().state_dict())
    assert torch.equal(fresh.sample(range(9), 5), whole[:9])


def test_a_sample_is_a_walk_from_its_own_noise() -> None:
    model: Any = play(alone(search=Ascent(rate=0.1, bounded=True)), 5)
    start = noise(5, "sample", 0, range(64), SHAPE, "uniform")
    x = start
    for _ in range(model.sample_steps):
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(model.drawn()(x).sum(), x)
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
    readings: dict[str, Any] = {**Scores(every=1, count=300).measure(model)}
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
    readings: dict[str, Any] = {**Scores(every=1, count=18).measure(model)}
    reals = Toy().sample(0, range(36), torch.device("cpu"))
    with scoring(model.discriminator) as critic, torch.no_grad():
        one, both = float(critic(reals[:18]).mean()), float(critic(reals).mean())
        held_out = float(critic(Toy().unseen(0, range(18), torch.device("cpu"))).mean())
    assert readings["score_real"] == pytest.approx(held_out, abs=1e-5)
    assert readings["score_between"] == pytest.approx(both, abs=1e-5)
    assert readings["score_half_noised"] == pytest.approx((one + readings["score_noise"]) / 2, abs=1e-5)


# ---- where the loop ends

P = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)


@pytest.mark.parametrize("loss", [Minimax(), NonSaturating(), KullbackLeibler()])
@pytest.mark.parametrize("temperature", [2.0, 1.0, 0.1])
def test_the_exact_loop_ends_at_a_power_of_the_data(loss: Any, temperature: float) -> None:
    q = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    share = 0.5 * largest_share(temperature)
    history = loop(loss, P, q, rounds=300, temperature=temperature, share=min(share, 1.0))
    expected = fixed_point(P, temperature)
    assert torch.allclose(history[-1], expected, atol=1e-9)
    assert torch.allclose(expected, P ** (1 / (1 + temperature)) / (P ** (1 / (1 + temperature))).sum())
    again = loop(loss, P, expected, rounds=1, temperature=temperature, share=1.0)[-1]
    assert torch.allclose(again, expected, atol=1e-12)


def test_the_lectures_loop_forgets_too_much() -> None:
    """With a = 1 and T <= 1, or for the argmax whatever a, it never settles; with T > 1 it does."""
    start = fixed_point(P, 0.5) + torch.tensor([0.01, -0.01, 0, 0])
    assert (loop(NonSaturating(), P, start, rounds=50, temperature=0.5, share=1.0)[-2:] - start).abs().max() > 0.5
    assert torch.allclose(
        loop(NonSaturating(), P, P, rounds=99, temperature=1.5, share=1.0)[-1], fixed_point(P, 1.5), atol=1e-9
    )
    for share in (0.5, 0.1):
        last = loop(NonSaturating(), P, start, rounds=200, temperature=0.0, share=share)[-20:]
        assert (last[1:] - last[:-1]).abs().max() > share / 4
        assert (last.mean(0) - P).abs().max() < share  # it circles around the data
    with pytest.raises(ValueError, match="optimum"):
        loop(Wasserstein(), P, start, rounds=1, temperature=1.0, share=1.0)
    assert torch.equal(searched(torch.tensor([1.0, 3, 3]), 0.0), torch.tensor([0, 0.5, 0.5], dtype=torch.float64))


class Table(nn.Module):
    """D as a free number for each of the 16 black and white images of 2 x 2."""

    def __init__(self) -> None:
        super().__init__()
        self.heights = nn.Parameter(torch.zeros(16))

    def forward(self, x: Tensor) -> Tensor:
        bits = (x.flatten(1) > 0).long() @ torch.tensor([1, 2, 4, 8])
        return self.heights[bits][:, None]


@pytest.mark.parametrize(
    ("loss", "temperature", "power"),
    [(Wasserstein(), 1.0, 1.0), (NonSaturating(), 1.0, 0.5), (NonSaturating(), 0.25, 0.8)],
)
def test_the_model_ends_where_the_theory_says(loss: Any, temperature: float, power: float) -> None:
    """Bars and stripes of 2 x 2: P of one colour over P of a stripe is 2, and 2^power in what D samples."""
    search = Enumeration(shape=[1, 2, 2], temperature=temperature)
    sgd = lambda parameters: torch.optim.SGD(parameters, lr=2.0)
    model = alone(
        [1, 2, 2],
        network=Table(),
        loss=loss,
        search=search,
        negatives=found([1, 2, 2], buffer=0, batch_size=256),
        batch_size=256,
        make_discriminator_optimizer=sgd,
        average_half_life=50_000.0,
    )
    play(model, 600, data=BarsAndStripes(shape=(1, 2, 2)), every=600)
    with scoring(model.drawn()) as critic:
        q = search.probabilities(critic, torch.device("cpu"))
    flat = search.points.flatten(1)
    images: dict[str, list[float]] = {"one colour": [], "stripe": [], "none": []}
    for x, share in zip(flat, q.tolist(), strict=True):
        a, b, c, d = x.tolist()
        kind = "one colour" if a == b == c == d else "stripe" if (a == b and c == d) or (a == c and b == d) else "none"
        images[kind].append(share)
    assert [len(found) for found in images.values()] == [2, 4, 10]
    means = {kind: sum(shares) / len(shares) for kind, shares in images.items()}
    assert means["one colour"] / means["stripe"] == pytest.approx(2**power, rel=0.06)
    assert sum(images["none"]) < 0.15  # where P is 0, D sinks without end, ever more slowly


class Argmax(Callback):
    """Which image D scores highest after each round."""

    def __init__(self, search: Enumeration) -> None:
        self.search, self.highest = search, list[int]()

    def on_train_batch_end(self, trainer: Trainer, model: Any, *_: object) -> None:
        with scoring(model.discriminator) as critic:
            self.highest.append(int(self.search.probabilities(critic, torch.device("cpu")).argmax()))


def test_the_argmax_visits_the_data_one_by_one() -> None:
    """Bars and stripes of 3 x 3, 14 patterns among 512 images: no round's argmax is that of the round before."""
    search, data = Enumeration(shape=[1, 3, 3], temperature=0.0), BarsAndStripes(shape=(1, 3, 3))
    watch = Argmax(search)
    negatives = found([1, 3, 3], buffer=0, batch_size=32)
    model = alone([1, 3, 3], 64, search=search, negatives=negatives, batch_size=32, average_half_life=None)
    play(model, 200, watch, data=data, every=1)
    patterns = data.distribution.log_prob(search.points.double()).isfinite()
    assert sum(one != other for one, other in pairwise(watch.highest)) > 0.9 * 199
    assert patterns[watch.highest[-100:]].double().mean() > 0.5
    assert len({place for place in watch.highest[-100:] if patterns[place]}) >= 10


def test_the_loop_raises_the_landscape_at_the_data() -> None:
    """Three Gaussians on the line: after some rounds D is highest at their centres and low elsewhere."""
    data = Mixture1D(shape=(1,), means=[-0.6, 0.0, 0.6], deviations=[0.1, 0.1, 0.1], weights=[0.3, 0.4, 0.3])
    model = alone(
        [1],
        width=64,
        loss=Wasserstein(),
        search=Langevin(step=0.01, temperature=1.0, limit=None, bounded=True),
        negatives=found([1], steps=10, buffer=512, fresh=0.05, batch_size=128),
        batch_size=128,
        average_half_life=None,
        make_discriminator_optimizer=lambda parameters: torch.optim.Adam(parameters, lr=5e-3, betas=(0.0, 0.99)),
    )
    play(model, 150, data=data, every=150)
    with scoring(model.drawn()) as critic, torch.no_grad():
        at, between = critic(torch.tensor([[-0.6], [0.0], [0.6]])), critic(torch.tensor([[-1.0], [-0.3], [0.3], [1.0]]))
    assert at.min() > between.max() + 0.3


def test_the_landscape_has_a_panel_for_each_round() -> None:
    x = torch.linspace(-1, 1, 50)
    heights, points = torch.stack([x, x.square()]), [noise(0, "points", i, range(9), ()) for i in (0, 1)]
    figure = landscape.draw(
        rounds=[1, 50], x=x, heights=heights, density=(-x.square()).exp(), starts=points, ends=points
    )
    assert [panel.get_title() for panel in figure.axes] == ["after round 1", "after round 50"]
    for panel, curve in zip(figure.axes, heights, strict=True):
        assert torch.equal(torch.as_tensor(panel.lines[0].get_ydata()), curve)
        assert panel.get_xlabel() == "x"


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
    with pytest.raises(ValueError, match="answers for a batch"):
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
