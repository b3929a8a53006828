"""A run that has gone wrong stops before it spoils anything; one that is going wrong says so, once."""

import functools
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from options import composed
from saddle.callbacks.symptoms import Symptoms
from saddle.cli.training import carry_out
from saddle.losses.nonsaturating import NonSaturating
from saddle.models.divergence import DivergedError
from saddle.models.gan import GAN
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from test_wandb import read
from toy import game, play

Patch = pytest.MonkeyPatch


class Spoilt(NonSaturating):
    """A loss that is, or whose gradient is, not a number from some call of one player on."""

    def __init__(self, player: str, call: int, gradient_only: bool = False) -> None:
        self.player, self.left, self.gradient_only = player, call, gradient_only

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return self._spoil("discriminator", super().discriminator_term(real, fake))

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return self._spoil("generator", super().generator_term(real, fake))

    def _spoil(self, player: str, loss: Tensor) -> Tensor:
        self.left -= player == self.player
        if player != self.player or self.left > 0:
            return loss
        if self.gradient_only:
            loss.register_hook(lambda gradient: gradient * torch.inf)
            return loss
        return loss * torch.nan


def copy(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


@pytest.mark.parametrize("gradient_only", [False, True])
def test_a_step_that_would_spoil_the_generator_is_not_taken(gradient_only: bool) -> None:
    """Nor is anything after it: the weights are those of the update before, as if it had ended there."""
    before = play(game(), 4)
    model = game(loss=Spoilt("generator", 5, gradient_only))
    what = "gradient" if gradient_only else "loss"
    with pytest.raises(
        DivergedError, match=rf"the generator's {what} is not finite in update 5 .*optimizer.generator.lr"
    ):
        play(model, 20)
    assert all(map(torch.equal, copy(model.generator), copy(before.generator)))
    assert not all(map(torch.equal, copy(model.discriminator), copy(before.discriminator)))  # D had its turn


def test_of_several_steps_of_d_the_update_is_named() -> None:
    model = game(loss=Spoilt("discriminator", 8), d_steps=3)
    with pytest.raises(DivergedError, match="the discriminator's loss is not finite in update 3"):
        play(model, 20)
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_weights_that_one_finite_step_made_infinite_are_found_before_anything_reads_them() -> None:
    seen: list[int] = []
    model = game(make_generator_optimizer=functools.partial(torch.optim.SGD, lr=1e38))
    model.generator.register_forward_hook(lambda *_: seen.append(1))
    with pytest.raises(
        DivergedError, match=r"the weights of the generator and the averaged are not finite after update 1"
    ):
        play(model, 20, every=1)
    assert len(seen) == 3  # two steps of D, one of G


# A whole run


SMALL = ["data=digits", "resolution=8", "network=mlp", "evaluate_images=60", "sample_images=4", "batch_size=16"]
EVERY = ["log_every=3", "sample_every=40", "evaluate_every=40", "checkpoint_every=4", "updates=24"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Patch) -> RunFolder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return RunFolder("runs/single/one")


def train(folder: RunFolder, *settings: str) -> int:
    return carry_out(composed(*SMALL, *EVERY, *settings), folder)


@pytest.mark.filterwarnings("ignore:.* generated and .* real images")
def test_a_run_that_diverges_fails_and_keeps_the_last_good_state(
    folder: RunFolder, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = NonSaturating.generator_term
    calls: list[int] = []

    def spoilt(self: NonSaturating, real: Tensor | None, fake: Tensor) -> Tensor:
        calls.append(1)
        return plain(self, real, fake) * (torch.nan if len(calls) > 9 else 1)

    with monkeypatch.context() as patch:
        patch.setattr(NonSaturating, "generator_term", spoilt)
        assert train(folder, "logger=none") == 1
    said = capsys.readouterr().err
    assert "the generator's loss is not finite in update 10" in said
    assert "the state of update 8 is stored" in said
    assert "Traceback" not in said
    status = folder.status()
    assert status.state == "failed"
    assert "not finite in update 10" in status.details["error"]
    state, problems = Checkpoints(folder.checkpoints).load()
    assert state is not None
    assert (state["updates"], problems) == (8, [])
    assert all(tensor.isfinite().all() for tensor in state["model"].values())
    assert folder.weights.updates("last") == 8
    assert folder.summary() is None


@pytest.mark.filterwarnings("ignore:.* generated and .* real images")
def test_a_warning_is_given_once_also_after_an_interruption_and_to_wandb(
    folder: RunFolder, monkeypatch: Patch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A generator that does not learn against a D that cannot lose."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    settings = ["advice.window=6", "optimizer.generator.lr=1e-12", "optimizer.discriminator.lr=0.02"]
    step = GAN.generator_step

    def interrupted(self: GAN, number: int) -> dict[str, Tensor]:
        self.interrupted = number == 20
        return step(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(GAN, "generator_step", interrupted)
        assert train(folder, *settings) == 130
    first = capfd.readouterr().err
    assert first.count("D is saturated") == 1
    assert train(folder, *settings) == 0
    second = capfd.readouterr().err
    assert "D is saturated" not in second
    (warning,) = [said for said in (folder.summary() or {})["warnings"] if "saturated" in said]
    assert warning in first
    runs = sorted((folder.path / "wandb").glob("offline-run-*"), key=lambda path: path.stat().st_mtime)
    assert ["D is saturated" in read(one, capfd) for one in runs] == [True, False]


# Symptoms


def symptoms() -> Symptoms:
    return Symptoms(window=40, vanished=1e-3, collapsed=0.05)


def warnings(*lines: dict[str, float]) -> list[tuple[int, str]]:
    """(updates, first words) of the warnings after these lines, 20 updates apart."""
    fresh = symptoms()
    checked = [(20 * i, fresh.check(20 * i, line, line.get("diversity"))) for i, line in enumerate(lines, 1)]
    return [(updates, text.split(":")[0]) for updates, texts in checked for text in texts]


def line(accuracy: float = 0.7, gradient: float = 1.0) -> dict[str, float]:
    of_d = {"accuracy_real": accuracy, "accuracy_fake": accuracy, "gradient_discriminator": 1.0}
    return {**of_d, "gradient_generator": gradient}


def test_a_healthy_run_hears_nothing() -> None:
    assert not warnings(*[line()] * 9, *[{"diversity": 0.8}] * 3)


def test_saturation_must_last_and_is_said_once() -> None:
    won = line(accuracy=1)
    assert not warnings(won, won, line(), won, won)
    assert warnings(line(), won, won, won, won, line(), won, won, won) == [(80, "D is saturated")]


def test_one_accuracy_alone_is_no_saturation() -> None:
    assert not warnings(*[{**line(), "accuracy_real": 1.0}] * 9)


def test_a_vanished_gradient_is_one_against_the_largest() -> None:
    small = line(gradient=1e-4)
    assert not warnings(*[small] * 9)  # small from the beginning: a matter of scale
    assert warnings(line(), small, small, small, small) == [(80, "G's gradient has vanished")]
    alone = [{"gradient_generator": one["gradient_generator"]} for one in (line(), small, small, small, small)]
    assert not warnings(*alone)  # without a D it has converged


def test_a_collapse_is_two_evaluations_in_a_row() -> None:
    low = {"diversity": 0.01}
    assert not warnings(low, {"diversity": 0.5}, low)
    assert warnings(low, line(), low, low) == [(60, "G has collapsed")]
    assert symptoms().check(0, low, 0.01) == []


def test_the_lines_before_a_resume_restore_the_state() -> None:
    lines = [line(), *[line(accuracy=1)] * 4]
    whole, resumed = symptoms(), symptoms()
    texts = [whole.check(20 * i, readings, None) for i, readings in enumerate(lines)]
    for i, readings in enumerate(lines[:3]):
        resumed.check(20 * i, readings, None)
    assert [resumed.check(20 * i, readings, None) for i, readings in enumerate(lines[3:], 3)] == texts[3:]
