"""Learning rates, clipped gradients, averaged weights, a batch of its own for G: closed forms, and when each acts."""

import copy
import functools
from collections.abc import Iterator
from itertools import pairwise
from math import cos, pi
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from pytorch_lightning import Callback
from torch import Tensor, nn

import test_resume
from options import CONF, composed, options
from saddle.cli.training import carry_out
from saddle.config import ConfigError, check, instantiate
from saddle.data.pixels import from_uint8
from saddle.engine.stored import stored_config
from saddle.losses.relativistic_average import RelativisticAverage
from saddle.models.average import Average
from saddle.models.divergence import DivergedError
from saddle.models.gan import GAN
from saddle.noise import noise, visited
from saddle.runs.folder import RunFolder
from saddle.schedules.base import Schedule
from saddle.schedules.constant import Constant
from saddle.schedules.cosine import Cosine
from saddle.schedules.linear import Linear
from test_resume import assert_same, cut, train
from toy import Toy, game, play

Patch = pytest.MonkeyPatch

# Schedules


def test_closed_forms_and_end_points() -> None:
    linear = Linear(begin=10, end=30, final=0.2, warm_up=0)
    assert [linear(t) for t in (0, 10, 15, 20, 30, 10**9)] == pytest.approx([1, 1, 0.8, 0.6, 0.2, 0.2], abs=1e-15)
    cosine = Cosine(begin=10, end=30, final=0.2, warm_up=0)
    expected = [1, 1, 0.2 + 0.4 * (1 + cos(pi / 4)), 0.6, 0.2, 0.2]
    assert [cosine(t) for t in (0, 10, 15, 20, 30, 10**9)] == pytest.approx(expected, abs=1e-15)
    assert [Constant(warm_up=4)(t) for t in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    warmed = Linear(begin=0, end=10, final=0, warm_up=4)
    assert [warmed(t) for t in (0, 1, 3, 5, 9)] == pytest.approx([0.25, 0.9 * 0.5, 0.7, 0.5, 0.1], abs=1e-15)


@pytest.mark.parametrize("option", options("schedule"))
def test_every_schedule_falls_from_one_to_its_end(option: str) -> None:
    """Which is that of the run, at nothing, in all but a published one."""
    node = composed(f"schedule@schedule.discriminator={option}", "updates=40").schedule.discriminator
    schedule: Schedule = instantiate(node)
    end, final = (node.end, node.final) if schedule.varies else (40, 1)
    fractions = [schedule(t) for t in range(end + 20)]
    assert fractions[0] == 1
    assert all(a >= b for a, b in pairwise(fractions))
    assert (fractions[end - 1] > fractions[end]) == schedule.varies
    assert set(fractions[end:]) == {final}
    assert not schedule.varies or (end, final) == ((39063, 0.25) if option == "cosine_r3gan_cifar10" else (40, 0))


class Rates(Callback):
    """The rates of all groups in each step of an optimiser."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def on_before_optimizer_step(self, trainer: Any, model: Any, optimizer: Any) -> None:
        self.seen.append([group["lr"] for group in optimizer.param_groups])


def test_the_rate_in_effect_is_that_of_the_update() -> None:
    """In all steps and groups of a player; the mean since the last reading is noted, of a rate that varies."""

    def in_two_groups(parameters: Any) -> torch.optim.Optimizer:
        first, *others = parameters
        return torch.optim.SGD([{"params": [first], "lr": 0.5}, {"params": others}], lr=0.1)

    schedule, rates = Linear(begin=2, end=6, final=0.5, warm_up=2), Rates()
    model = game(make_discriminator_optimizer=in_two_groups, discriminator_schedule=schedule)
    play(model, 8, rates, every=3)
    fractions = [0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.5]
    of_d = [[0.5 * fraction, 0.1 * fraction] for fraction in fractions]
    assert rates.seen == [rates for pair in of_d for rates in (pair, pair, [1e-3])]
    noted = model.pop_means()
    assert noted["rate_discriminator"] == pytest.approx(0.5 * sum(fractions) / 8)
    assert "rate_generator" not in noted


def test_a_constant_rate_changes_no_bit() -> None:
    plain, scheduled = game(), game(generator_schedule=Linear(begin=0, end=9, final=1.0, warm_up=0))
    one, other = play(plain, 5).state_dict(), play(scheduled, 5).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


# Going on


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("option", options("optimizer"))
def test_every_optimiser_goes_on_bit_for_bit(option: str, monkeypatch: Patch) -> None:
    """With a rate that changes, clipped gradients, an average and a batch of G's own; momenta where there are any."""
    held = OmegaConf.load(CONF / f"optimizer/{option}.yaml")
    settings = ["network=mlp", "updates=11", "evaluate_every=100", "generator_batch_size=24", "average_half_life=200"]
    settings += ["generator_clip_norm=0.1", "discriminator_clip_norm=0.1"]
    settings += ["schedule@schedule.generator=cosine", "schedule@schedule.discriminator=linear"]
    settings += ["schedule.generator.warm_up=9"]
    for player in ("generator", "discriminator"):
        settings += [f"optimizer@optimizer.{player}={option}"]
        settings += [f"optimizer.{player}.momentum=0.5"] if "momentum" in held else []
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    assert train(whole, *settings) == 0
    cut(parts, monkeypatch, "GAN.generator_step", 7, *settings)
    assert train(parts, *settings) == 0
    assert_same(whole, parts)
    logged = [line["rate_discriminator"] for line in whole.metrics() if "rate_discriminator" in line]
    full = held.lr
    assert logged == pytest.approx([full * sum(11 - t for t in part) / 11 / len(part) for part in _windows(11, 3)])


def _windows(updates: int, every: int) -> Iterator[range]:
    yield from (range(start, min(start + every, updates)) for start in range(0, updates, every))


@pytest.mark.usefixtures("alone")
def test_an_extended_run_keeps_its_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the run that was longer from the start, with the end where it was; one without a rate there is refused."""
    linear = ["network=mlp", "evaluate_every=100", "schedule@schedule.generator=linear"]
    floor = "schedule.generator.final=0.25"
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    assert train(whole, *linear, floor, "updates=10", "schedule.generator.end=6") == 0
    assert train(parts, *linear, floor, "updates=6") == 0
    longer = stored_config(parts, files=True)
    longer.updates = 10
    check(longer)
    assert carry_out(longer, parts) == 0
    assert whole.weights.path("last").read_bytes() == parts.weights.path("last").read_bytes()
    assert train(parts, *linear, floor, "updates=12") == 2
    assert "schedule.generator.end: 6 -> 12" in capsys.readouterr().err
    ended = composed(*test_resume.SMALL, *linear, "updates=6")
    OmegaConf.resolve(ended)
    ended.updates = 10
    with pytest.raises(
        ConfigError, match=r"updates=10: from schedule.generator.end=6 on the generator has no learning"
    ):
        check(ended)


# Clipping


def test_a_clipped_step_is_that_of_the_plain_loop() -> None:
    """Bit for bit torch's `clip_grad_norm_` between the backward pass and the step; the norm is noted as it was."""
    updates, batch, limits = 4, 6, (0.03, 0.02)
    sgd = functools.partial(torch.optim.SGD, lr=1.0)
    model = game(
        d_steps=1,
        make_generator_optimizer=sgd,
        make_discriminator_optimizer=sgd,
        discriminator_clip_norm=limits[0],
        generator_clip_norm=limits[1],
    )
    g, d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    of_d, of_g = sgd(d.parameters()), sgd(g.parameters())
    images, softplus = from_uint8(Toy().train.pixels), nn.functional.softplus
    norms: list[Tensor] = []
    for step in range(updates):
        real = images[torch.from_numpy(visited(0, range(step * batch, (step + 1) * batch), len(images)))]
        logits = d(torch.cat([real, g(noise(0, "discriminator", step, range(batch), (4,))).detach()]))
        of_d.zero_grad()
        (softplus(-logits[:batch]).mean() + softplus(logits[batch:]).mean()).backward()
        assert nn.utils.clip_grad_norm_(d.parameters(), limits[0]) > limits[0]
        of_d.step()
        of_g.zero_grad()
        softplus(-d(g(noise(0, "generator", step, range(batch), (4,))))).mean().backward()
        norms.append(nn.utils.clip_grad_norm_(g.parameters(), limits[1]))
        of_g.step()
    play(model, updates)
    for ours, plain in ((model.generator, g), (model.discriminator, d)):
        assert all(map(torch.equal, ours.state_dict().values(), plain.state_dict().values()))
    assert min(norms) > limits[1]
    assert model.pop_means()["gradient_generator"] == pytest.approx(float(torch.stack(norms).mean()))


def test_a_limit_above_the_norm_changes_no_bit() -> None:
    limited = game(generator_clip_norm=1e6, discriminator_clip_norm=1e6)
    one, other = play(game(), 3).state_dict(), play(limited, 3).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_clipping_hides_no_divergence() -> None:
    """An infinite gradient, scaled down, would be NaN or nothing: it is looked at before."""
    model = game(discriminator_clip_norm=1.0)
    weight = next(model.discriminator.parameters())
    weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(DivergedError, match="discriminator's gradient is not finite in update 1"):
        play(model, 1)


# The average


def weights_after(jump: Average, network: nn.Linear, updates: range) -> float:
    with torch.no_grad():
        network.weight.fill_(1.0)
    for update in updates:
        jump.update(update)
    return float(jump.module.weight)  # type: ignore[arg-type]  # right at run time, wider on paper


@pytest.mark.parametrize("images", [5, 10, 40])
def test_half_of_a_jump_is_taken_in_after_a_half_life_in_images(images: int) -> None:
    """Whatever the batch; a quarter is left after two."""
    network = nn.Linear(1, 1).double()
    nn.init.zeros_(network.weight)
    average = Average(network, half_life=40.0, ramp=1e9, images=images)
    for update in range(7):
        average.update(update)
    once = 40 // images
    assert weights_after(average, network, range(7, 7 + once)) == pytest.approx(0.5, abs=1e-14)
    assert weights_after(average, network, range(7 + once, 7 + 2 * once)) == pytest.approx(0.75, abs=1e-14)


def test_the_ramp() -> None:
    """A weight that jumps after update 0 is 1 - 0.5^(H_T / ramp) after T more updates, H_T = 1 + 1/2 + ... + 1/T."""
    network = nn.Linear(1, 1).double()
    nn.init.zeros_(network.weight)
    average = Average(network, half_life=1e12, ramp=3.0, images=64)
    average.update(0)
    harmonic = sum(1 / t for t in range(1, 9))
    assert weights_after(average, network, range(1, 9)) == pytest.approx(1 - 0.5 ** (harmonic / 3), abs=1e-14)
    bounded = Average(network, half_life=640.0, ramp=0.5, images=64)
    assert [bounded.decay(t) for t in (1, 10, 20, 21, 10**6)] == pytest.approx([0.25, 0.5**0.2, *[0.5**0.1] * 3])


def test_images_of_the_average_are_those_of_the_generators_steps() -> None:
    plain, own = game(d_steps=5).averaged, game(g_steps=2, generator_batch_size=10).averaged
    assert plain is not None
    assert own is not None
    assert (plain.images, own.images) == (6, 20)


# G's batch


def test_a_batch_of_its_own_for_the_generator() -> None:
    """As many codes and, where the loss wants them, reals as were asked for; D's first steps stay the same bits."""
    after: list[dict[str, Tensor]] = []
    for size in (None, 10):
        data, model = Toy(), game(loss=RelativisticAverage(), generator_batch_size=size)
        drawn: list[tuple[str, Tensor]] = []
        _watch(model, drawn)
        play(model, 1, data=data)
        after.append({name: tensor.clone() for name, tensor in model.discriminator.state_dict().items()})
        count = size or 6
        assert [(stream, len(codes)) for stream, codes in drawn] == [("discriminator", 6)] * 2 + [("generator", count)]
        play(model, 2, data=data)
        seen_by_d = [range(6 * step, 6 * (step + 1)) for step in range(4)]
        seen_by_g = [range(-count * (step + 1), -count * step) for step in range(2)]
        assert data.asked == [*seen_by_d[:2], seen_by_g[0], *seen_by_d[2:], seen_by_g[1]]
    assert all(torch.equal(after[0][name], after[1][name]) for name in after[0])


def test_a_larger_batch_begins_with_the_codes_of_a_smaller_one() -> None:
    model = game(generator_batch_size=10)
    assert torch.equal(model.codes("generator", 3, 10)[:6], model.codes("generator", 3, 6))


def _watch(model: GAN, drawn: list[tuple[str, Tensor]]) -> None:
    fresh = model.codes

    def codes(stream: str, step: int, size: int) -> Tensor:
        drawn.append((stream, fresh(stream, step, size)))
        return drawn[-1][1]

    model.codes = codes  # type: ignore[method-assign]  # a stand-in
