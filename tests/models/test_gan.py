"""The game of the lecture's algorithm: what each step sees, what it changes, what is sampled."""

import copy
import functools
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback
from torch import Tensor, nn
from torch._dynamo.utils import counters
from torch.optim.swa_utils import AveragedModel

from saddle.callbacks.instruments import TrainingLosses
from saddle.callbacks.measure import Measure
from saddle.data.pixels import from_uint8
from saddle.losses.minimax import Minimax
from saddle.models.average import Average
from saddle.models.gan import GAN
from saddle.noise import noise, visited
from saddle.penalties.r1 import R1
from toy import Toy, dcgan, game, mlp, play


def state(model: GAN) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different, f"different: {different}"


@pytest.mark.parametrize("networks", [mlp, dcgan])
@pytest.mark.parametrize(("d_steps", "g_steps"), [(1, 1), (3, 1), (2, 2)])
def test_training_is_the_plain_loop(networks: Any, d_steps: int, g_steps: int) -> None:
    """Bit for bit the loop that one would write by hand from algorithm 1, for networks that do not couple samples."""
    updates, batch = 5, 6
    model = game(networks, d_steps=d_steps, g_steps=g_steps)
    g, d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    of_d, of_g = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (d, g))
    images = from_uint8(Toy().train.pixels)
    softplus = nn.functional.softplus
    for update in range(updates):
        for step in range(update * d_steps, (update + 1) * d_steps):
            real = images[torch.from_numpy(visited(0, range(step * batch, (step + 1) * batch), len(images)))]
            fake = g(noise(0, "discriminator", step, range(batch), (4,))).detach()
            logits = d(torch.cat([real, fake]))
            of_d.zero_grad()
            (softplus(-logits[:batch]).mean() + softplus(logits[batch:]).mean()).backward()
            of_d.step()
        for step in range(update * g_steps, (update + 1) * g_steps):
            logits = d(g(noise(0, "generator", step, range(batch), (4,))))
            of_g.zero_grad()
            softplus(-logits).mean().backward()
            of_g.step()
    play(model, updates)
    assert_same(dict(model.generator.state_dict()), dict(g.state_dict()))
    assert_same(dict(model.discriminator.state_dict()), dict(d.state_dict()))


def test_every_discriminator_step_has_reals_and_codes_of_its_own() -> None:
    data, model = Toy(), game(d_steps=3)
    drawn: list[Tensor] = []
    fresh = model.codes
    model.codes = lambda *asked: drawn.append(fresh(*asked)) or drawn[-1]  # type: ignore[method-assign,func-returns-value]  # a stand-in that notes what it is asked
    play(model, 4, data=data)
    assert data.asked == [range(6 * step, 6 * (step + 1)) for step in range(12)]
    assert len(drawn) == 4 * (3 + 1)
    assert len({tuple(codes.flatten().tolist()) for codes in drawn}) == len(drawn)
    assert model.real_per_update == 18


class GradientsOf(Callback):
    """Which network has gradients when an optimiser steps."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, bool]] = []

    def on_before_optimizer_step(self, trainer: Any, model: Any, optimizer: Any) -> None:
        has = [any(p.grad is not None for p in net.parameters()) for net in (model.generator, model.discriminator)]
        self.seen.append((has[0], has[1]))


def test_a_step_gives_gradients_to_its_own_player_only() -> None:
    """D's first step leaves G without gradients; G's step leaves D's as D's own step left them."""
    watcher, model = GradientsOf(), game(d_steps=1)
    held: list[list[Tensor]] = []
    model.generator_step = _watching(model, held)  # type: ignore[method-assign]  # a stand-in
    play(model, 2, watcher)
    assert watcher.seen[0] == (False, True)
    for before, after in held:
        assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def _watching(model: GAN, held: list[Any]) -> Any:
    plain = model.generator_step

    def step(number: int) -> dict[str, Tensor]:
        before = [p.grad.clone() for p in model.discriminator.parameters() if p.grad is not None]
        readings = plain(number)
        held.append((before, [p.grad.clone() for p in model.discriminator.parameters() if p.grad is not None]))
        return readings

    return step


@pytest.mark.parametrize(("d_steps", "g_steps"), [(1, 1), (4, 1), (1, 2)])
def test_forwards_that_move_batch_norm_statistics(d_steps: int, g_steps: int) -> None:
    """G's statistics move in D's steps too: d_steps + g_steps times an update, as the docstring says."""
    model = play(game(dcgan, d_steps=d_steps, g_steps=g_steps), 5)
    counts = [
        int(m.get_buffer("num_batches_tracked")) for m in model.generator.modules() if isinstance(m, nn.BatchNorm2d)
    ]
    assert counts
    assert set(counts) == {5 * (d_steps + g_steps)}


def test_the_average_of_the_generator() -> None:
    """After update t, d average + (1 - d) weights with d = 0.5^(n / min(half-life, ramp t n)); buffers are copied."""
    updates, images = 6, 6
    seen: list[dict[str, Tensor]] = []

    class Keep(Callback):
        def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
            seen.append({name: tensor.clone() for name, tensor in model.generator.state_dict().items()})

    model = play(game(dcgan, average_half_life=20, average_ramp=0.7), updates, Keep(), every=1)
    assert len(seen) == updates
    parameters = dict(model.generator.named_parameters())
    for name, average in model.averaged.module.state_dict().items():  # type: ignore[union-attr]  # it is there
        expected = seen[0][name]
        for t in range(1, updates):
            d = 0.5 ** (images / min(20, 0.7 * t * images))
            expected = d * expected + (1 - d) * seen[t][name] if name in parameters else seen[t][name]
        torch.testing.assert_close(average, expected, rtol=1e-5, atol=1e-7)
    assert model.sampling_module() is model.averaged.module  # type: ignore[union-attr]  # it is there
    assert game(average_half_life=None).sampling_module() is not None


@pytest.mark.parametrize("networks", [mlp, dcgan])
@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_a_sample_is_a_function_of_its_index(networks: Any, prior: str) -> None:
    model = play(game(networks, prior=prior), 3)
    together = model.sample(range(20), seed=1)
    picked = [3, 17, 5]
    torch.testing.assert_close(model.sample(picked, seed=1), together[picked], rtol=0, atol=1e-6)
    torch.testing.assert_close(model.decode(model.prior(picked, 1)), together[picked], rtol=0, atol=1e-6)
    assert not torch.equal(model.sample(range(20), seed=2), together)


def test_measuring_leaves_training_as_it_was() -> None:
    """Sampling between two updates changes no parameter, no statistic and no later draw."""

    class Look(Callback):
        def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
            model.sample(range(9), seed=0)
            assert model.generator.training

    for half_life in (40.0, None):
        watched = play(game(dcgan, average_half_life=half_life), 7, Look(), every=2)
        alone = play(game(dcgan, average_half_life=half_life), 7, every=5)
        assert_same(state(watched), state(alone))


def test_global_randomness_is_neither_used_nor_moved() -> None:
    before = torch.random.get_rng_state()
    one = play(game(), 3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(123)
    assert_same(state(one), state(play(game(), 3)))


def test_real_and_fake_have_forwards_of_their_own_where_samples_are_coupled() -> None:
    model = game(lambda: dcgan("batch", 16))
    real, fake = torch.randn(2, 6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    apart = model.discriminator(real).squeeze(1), model.discriminator(fake).squeeze(1)
    played = model.logits(real, fake, None)
    together = model.discriminator(torch.cat([real, fake])).squeeze(1)
    assert all(torch.allclose(a, b) for a, b in zip(apart, played, strict=True))
    assert not torch.allclose(together[:6], apart[0], atol=1e-3)


def test_the_loss_is_the_one_that_was_asked_for() -> None:
    minimax, other = play(game(loss=Minimax()), 3), play(game(), 3)
    assert not torch.equal(next(minimax.generator.parameters()), next(other.generator.parameters()))


def test_clock_counts_updates_and_stops_where_something_is_due() -> None:
    model = game(d_steps=2)
    ends: list[int] = []

    class Ends(Callback):
        def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
            ends.append(model.updates)

    play(model, 10, Ends(), every=4)
    assert ends == [4, 8, 10]
    assert model.updates == 10


def test_the_seed_changes_codes_and_data_order() -> None:
    """With the same first weights, another seed plays another game: other reals, other codes."""
    one, other = game(seed=0), game(seed=1)
    for stream in ("discriminator", "generator"):
        assert not torch.equal(one.codes(stream, 0, 6), other.codes(stream, 0, 6))
    reals = [Toy().sample(seed, range(6), torch.device("cpu")) for seed in (0, 1)]
    assert not torch.equal(*reals)
    asked: list[int] = []

    class Watched(Toy):
        def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
            asked.append(seed)
            return super().sample(seed, positions, device)

    play(other, 1, data=Watched())
    assert set(asked) == {1}


def test_codes_follow_the_prior_in_training_and_sampling() -> None:
    uniform, normal = game(prior="uniform"), game(prior="normal")
    for model, bounded in ((uniform, True), (normal, False)):
        drawn = torch.cat([model.codes("generator", step, 6) for step in range(20)])
        assert bool(drawn.abs().max() <= 1) == bounded
        assert bool(model.prior(range(120), 0).abs().max() <= 1) == bounded


def test_the_discriminator_step_builds_no_graph_of_the_generator() -> None:
    model = game()
    seen: list[bool] = []
    plain = model.logits

    def watched(real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        seen.append(fake.requires_grad)
        return plain(real, fake, labels)

    model.logits = watched  # type: ignore[method-assign]  # a stand-in
    play(model, 1)
    assert seen == [False, False]


def test_what_training_notes() -> None:
    """Accuracy counts positive logits of reals and negative ones of fakes."""
    model = game(d_steps=1)
    logits = torch.tensor([1.0, 2.0, 3.0, -1.0, 1.0, 1.0]), torch.tensor([-1.0, -2.0, 3.0, 4.0, 5.0, 6.0])
    plain = model.logits
    model.logits = lambda *given: tuple(a + 0 * b for a, b in zip(logits, plain(*given), strict=True))  # type: ignore[method-assign]  # a stand-in
    play(model, 1)
    noted = model.pop_means()
    assert noted["accuracy_real"] == pytest.approx(5 / 6)
    assert noted["accuracy_fake"] == pytest.approx(2 / 6)


def test_a_run_that_diverges_ends_with_an_error() -> None:
    """Not with black pictures and a finite distance: samples of NaN would be valid bytes."""
    explosive = functools.partial(torch.optim.SGD, lr=1e30)
    measure = Measure(instruments=[TrainingLosses(every=2)], updates=20)
    with pytest.raises(ValueError, match=r"discriminator's loss is not finite in update 1 .*diverged"):
        play(game(make_discriminator_optimizer=explosive), 20, measure, every=2)


def test_the_average_is_torchs_own_bit_for_bit() -> None:
    """With the same decay; statistics of a batch normalisation are copied."""

    def lerp(averages: Any, weights: Any, t: Any) -> None:
        torch._foreach_lerp_(averages, weights, 1 - 0.5 ** (5 / min(20, 0.2 * int(t) * 5)))

    network, _ = dcgan("batch", 16)
    ours = Average(network, half_life=20, ramp=0.2, images=5)
    torchs = AveragedModel(network, multi_avg_fn=lambda a, w, t: lerp(a, w, t))
    codes = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for t in range(40):
        network(codes)  # moves the statistics
        for parameter in network.parameters():
            parameter.data.mul_(1.1).add_(0.01)
        ours.update(t)
        with torch.no_grad():
            torchs.update_parameters(network)
    theirs = torchs.module.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.module.state_dict().items())


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_compiled_networks_play_the_same_game(norm: str) -> None:
    """Up to rounding, with a penalty that needs a second derivative; what is stored and drawn knows nothing of it."""
    torch.compiler.reset()  # which counts the games that were compiled in this process
    counters.clear()
    penalty = None if norm == "batch" else R1(gamma=1.0, every=1)
    make = functools.partial(game, functools.partial(dcgan, norm), average_half_life=None, penalty=penalty)
    plain, compiled = play(make(compiled=False), 3), play(make(compiled=True), 3)
    assert counters["stats"]["unique_graphs"] == 4  # of each network two: all of it was compiled, once
    assert plain.state_dict().keys() == compiled.state_dict().keys()
    for name, tensor in plain.state_dict().items():
        assert torch.allclose(tensor, compiled.state_dict()[name], atol=2e-4), name
    plain.load_state_dict(compiled.state_dict())
    assert torch.equal(plain.sample(range(5), 0), compiled.sample(range(5), 0))


def test_a_machine_without_a_compiler_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match=r"compiled=true needs a C"):
        game(compiled=True)


def test_a_discriminator_step_can_be_read_in_three_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of `models` in which a function runs: no fourth one has to be opened to follow a step of D."""
    files: set[str] = set()
    plain = GAN.discriminator_step

    def traced(self: GAN, step: int) -> dict[str, Tensor]:
        sys.setprofile(lambda frame, *_: files.add(frame.f_code.co_filename))
        try:
            return plain(self, step)
        finally:
            sys.setprofile(None)

    monkeypatch.setattr(GAN, "discriminator_step", traced)
    play(game(penalty=R1(gamma=1.0, every=1)), 2)
    read = {path.name for path in map(Path, files) if path.parent.parts[-2:] == ("saddle", "models")}
    assert read == {"gan.py", "discriminating.py", "learning.py"}
