"""Callbacks of a user: Lightning's hooks all act, their state is stored and restored; Saddle's own stay bundled."""

import csv
from fractions import Fraction
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback
from torch import Tensor

from options import composed
from saddle.callbacks.callback_list import BundledCallback, bundled
from saddle.config import ConfigError, check
from saddle.engine import components
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from saddle.runs.identity import identity
from test_resume import MLP, alone, assert_same, cut, train  # noqa: F401  # one is a fixture

pytestmark = pytest.mark.filterwarnings("ignore:.* generated and .* real images")


class Counter(Callback):
    """Counts the steps of all optimisers, at a hook that Saddle's own callbacks do not have."""

    def __init__(self) -> None:
        self.steps, self.restored = 0, False

    def on_before_optimizer_step(self, *_: Any) -> None:
        self.steps += 1

    def on_fit_start(self, *_: Any) -> None:
        self.restored = self.steps > 0

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.steps = state_dict["steps"]


def test_the_state_of_a_callback_belongs_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed and resumed, it ends with the number of steps of a run in one piece: one of D and one of G an update."""
    made: list[Counter] = []
    monkeypatch.setattr(components, "callbacks", lambda cfg: [made.append(Counter()) or made[-1]])  # type: ignore[func-returns-value]
    parts = RunFolder("runs/single/parts")
    cut(parts, monkeypatch, "GAN.discriminator_step", 7, MLP, "updates=9")
    assert train(parts, MLP, "updates=9") == 0
    state, _ = Checkpoints(parts.checkpoints).load()
    assert state is not None
    assert list(state["callbacks"].values()) == [{"steps": made[1].steps}]
    assert made[1].restored
    assert made[1].steps == 18


def test_the_rates_are_those_of_the_players_at_their_updates() -> None:
    """A linear warm-up over 6 updates multiplies G's rate, 2e-4, by u / 6 in update u, and leaves D's alone."""
    folder = RunFolder("runs/single/rates")
    settings = ["schedule.generator.warm_up=6", "optimizer.generator.lr=2e-4", "optimizer.discriminator.lr=1e-4"]
    assert train(folder, MLP, "updates=6", "callback=learning_rate", *settings) == 0
    lines = [line for line in folder.metrics() if "lr_generator" in line]
    assert [line["updates"] for line in lines] == [3, 4, 5, 6]
    assert [line["lr_generator"] for line in lines] == pytest.approx([1e-4, 4e-4 / 3, 5e-4 / 3, 2e-4])
    assert {line["lr_discriminator"] for line in lines} == {1e-4}


class Logging(Callback):
    """Logs one number without a step, in two ways."""

    def on_train_start(self, trainer: Any, *_: Any) -> None:
        trainer.logger.log_metrics({"begun": 1.0})

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        for logger in trainer.loggers:
            logger.log_metrics({"direct": float(pl_module.updates)})
        pl_module.log("lightning", float(pl_module.updates))


def test_a_number_without_a_step_is_that_of_the_current_update(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder("runs/single/logging")
    monkeypatch.setattr(components, "callbacks", lambda cfg: [Logging()])
    assert train(folder, MLP, "updates=6", "logger=[csv]") == 0
    for name in ("direct", "lightning"):
        assert [(line["updates"], line[name]) for line in folder.metrics() if name in line] == [
            (update, update) for update in (3, 4, 5, 6)
        ]
    with (folder.path / "csv/version_0/metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["direct"]]
    assert [float(row["updates"]) for row in rows] == [float(row["direct"]) for row in rows] == [3, 4, 5, 6]


def test_a_callback_is_no_part_of_the_identity_of_a_run() -> None:
    assert identity(composed(MLP)) == identity(composed(MLP, "callback=[learning_rate]", "logger=[csv]"))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("callback=[learning_rate,device_stat]", "callback.*device_stat.*did you mean device_stats"),
        ("+callback.mine._target_=pytorch_lightning.loggers.CSVLogger", r"callback\.mine\._target_.*is refused"),
        ("+callback.mine._target_=pytorch_lightning.callbacks.os.system", r"callback\.mine\._target_.*no such class"),
        ("network.generator._target_=pytorch_lightning.callbacks.Timer", r"network\.generator\._target_.*is refused"),
        ("+callback.mine.width=3", r"callback\.mine=.*takes a node with _target_"),
    ],
)
def test_a_wrong_callback_is_refused(setting: str, said: str) -> None:
    from saddle.config.composing import check_jobs

    with pytest.raises(ConfigError, match=said):
        check_jobs([[MLP, setting]])


def test_a_missing_package_is_refused_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddle.config.rules.find_spec", lambda name: None)
    cfg = composed(MLP, "logger=[csv,tensorboard]")
    with pytest.raises(ConfigError, match=r"logger=tensorboard: .*pip install tensorboard"):
        check(cfg)
    check(cfg, files=False)  # to draw from such a run it need not be there


def test_bundled_callbacks_come_first_and_have_no_other_hook() -> None:
    class Ours(BundledCallback): ...

    ours, theirs = Ours(), Counter()
    together, last = bundled([theirs, ours])
    assert together.callbacks == [ours]  # type: ignore[attr-defined]  # a CallbackList
    assert last is theirs
    with pytest.raises(TypeError, match=r"on_before_backward.*on_train_start"):

        class Elsewhere(BundledCallback):
            def on_before_backward(self, *_: Any) -> None: ...


class Odd(Callback):
    """A state that no checkpoint may hold, and a stop at update 3."""

    def __init__(self, state: Any, stop: int | None) -> None:
        self.state, self.stop = state, stop

    def state_dict(self) -> dict[str, Any]:
        return {"state": self.state}

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        trainer.should_stop = pl_module.updates == self.stop


def test_a_state_that_cannot_be_read_again_is_refused_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "callbacks", lambda cfg: [Odd(Fraction(1, 2), None)])
    folder = RunFolder("runs/single/odd")
    assert train(folder, MLP, "updates=6") == 1
    assert "callback Odd: its state_dict may hold only tensors" in str(folder.status().details["error"])
    assert not folder.can_resume()


def test_a_run_that_a_callback_stops_is_interrupted_and_can_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder("runs/single/stopped")
    monkeypatch.setattr(components, "callbacks", lambda cfg: [Odd(1, 3)])
    assert train(folder, MLP, "updates=6") == 130
    monkeypatch.setattr(components, "callbacks", lambda cfg: [])
    assert train(folder, MLP, "updates=6") == 0
    assert (folder.summary() or {})["updates"] == 6


class Recorder(Callback):
    """The hooks in the order in which they are called, and the numbers that the evaluations gave."""

    def __init__(self) -> None:
        self.hooks: list[str] = []
        self.read: list[float] = []
        self.loaded: Any = None

    def on_validation_start(self, *_: Any) -> None:
        self.hooks.append("start")

    def on_validation_epoch_start(self, *_: Any) -> None:
        self.hooks.append("epoch_start")

    def on_validation_epoch_end(self, trainer: Any, *_: Any) -> None:
        self.hooks.append("epoch_end")
        assert isinstance(trainer.callback_metrics["fd_digits"], Tensor)
        self.read.append(trainer.callback_metrics["fd_digits"].item())

    def on_validation_end(self, *_: Any) -> None:
        self.hooks.append("end")

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        assert {"state_dict", "optimizer_states", "callbacks"} <= checkpoint.keys()
        checkpoint["recorder"] = torch.tensor(self.read)

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        self.loaded = checkpoint["recorder"].tolist()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        if self.read:  # of this process: Lightning keeps no numbers for a resume either
            assert trainer.callback_metrics["fd_digits"].item() == self.read[-1]


def test_the_hooks_of_validation_and_of_checkpoints_act_around_evaluations_and_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An evaluation at 0, 5, 10, 12, each with Lightning's four hooks in its order; the log has the same numbers."""
    made: list[Recorder] = []
    monkeypatch.setattr(components, "callbacks", lambda cfg: [made.append(Recorder()) or made[-1]])  # type: ignore[func-returns-value]
    folder = RunFolder("runs/single/recorded")
    cut(folder, monkeypatch, "GAN.discriminator_step", 10, MLP, "updates=12")
    assert train(folder, MLP, "updates=12") == 0
    first, second = made
    logged = [line["fd_digits"] for line in folder.metrics() if "fd_digits" in line]
    assert first.hooks == ["start", "epoch_start", "epoch_end", "end"] * 2
    assert second.hooks == first.hooks
    assert second.loaded == pytest.approx(logged[:2])
    assert first.read + second.read == pytest.approx(logged)


def test_early_stopping_stops_a_run_which_can_be_resumed() -> None:
    """No distance falls by a million: after the first evaluation the patience of 2 ends at update 10."""
    stop = [
        "callback=early_stopping",
        "callback.early_stopping.monitor=fd_digits",
        "callback.early_stopping.patience=2",
    ]
    folder = RunFolder("runs/single/stopping")
    assert train(folder, MLP, *stop, "callback.early_stopping.min_delta=1e6", "updates=20") == 130
    state, _ = Checkpoints(folder.checkpoints).load()
    assert state is not None
    assert state["updates"] == 10
    (stored,) = state["callbacks"].values()
    assert stored["wait_count"] == 2
    assert train(folder, MLP, "updates=20") == 0
    assert [line["updates"] for line in folder.metrics() if "fd_digits" in line] == [0, 5, 10, 15, 20]


@pytest.mark.parametrize("hook", ["on_validation_start", "on_validation_end", "on_train_batch_end"])
def test_a_callback_that_fails_between_updates_loses_nothing(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of the last update is stored; resumed, the run has the readings of one in one piece."""

    def fail(trainer: Any, pl_module: Any, *_: Any) -> None:
        if pl_module.updates == 5:
            raise ZeroDivisionError("mine")

    failing = Callback()
    monkeypatch.setattr(failing, hook, fail)
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    assert train(whole, MLP, "updates=7", "checkpoint_every=6") == 0
    monkeypatch.setattr(components, "callbacks", lambda cfg: [failing])
    assert train(parts, MLP, "updates=7", "checkpoint_every=6") == 1
    state, _ = Checkpoints(parts.checkpoints).load()
    assert state is not None
    assert state["updates"] == 5
    monkeypatch.setattr(components, "callbacks", lambda cfg: [])
    assert train(parts, MLP, "updates=7", "checkpoint_every=6") == 0
    assert_same(whole, parts)
