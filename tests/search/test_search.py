"""Searches for points that a discriminator scores high, against closed forms; and how far G is from their best."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from saddle.noise import noise
from saddle.search.ascent import Ascent
from saddle.search.enumeration import Enumeration
from saddle.search.langevin import Langevin
from saddle_studies.solver import solved


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
