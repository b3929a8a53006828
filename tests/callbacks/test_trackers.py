"""Trackers besides W&B: each receives numbers, grids and the configuration; none of them can end a run."""

import csv
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
import yaml
from PIL import Image

from options import composed
from saddle.callbacks.csv import CSV
from saddle.callbacks.tensorboard import TensorBoard
from saddle.callbacks.tracker import Tracker
from saddle.callbacks.trackio import Trackio
from saddle.engine.components import tracker_nodes
from saddle.runs.folder import RunFolder
from test_resume import MLP, alone, train  # noqa: F401  # one is a fixture

pytestmark = pytest.mark.filterwarnings("ignore:.* generated and .* real images")
CONFIG: dict[str, Any] = {"seed": 3, "loss": {"name": "minimax"}, "penalty": None}
GRID = Image.new("RGB", (6, 4), (255, 0, 0))


def test_several_trackers_of_one_run() -> None:
    """A row of the table for each line of the run's own log, and the configuration."""
    folder = RunFolder("runs/single/table")
    assert train(folder, MLP, "updates=6", "logger=[csv]") == 0
    with (folder.path / "csv/version_0/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    lines = folder.metrics()
    for name in ("loss_generator", "loss_discriminator"):
        table = {int(row["updates"]): float(row[name]) for row in rows if row[name]}
        assert table == pytest.approx({int(line["updates"]): line[name] for line in lines if name in line})
    stored = yaml.safe_load((folder.path / "csv/version_0/hparams.yaml").read_text())
    assert stored["loss"]["_target_"] == "saddle.losses.nonsaturating.NonSaturating"


def test_tensorboard_has_numbers_grids_and_configuration(tmp_path: Path) -> None:
    """A resumed run replaces what the part before it had logged after the checkpoint."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for first, value in ((0, 1.0), (4, 2.0)):
        run = TensorBoard(folder=tmp_path, config=CONFIG)
        for updates in range(first, 8, 2):
            run.log_metrics({"loss": value, "samples": GRID}, step=updates)
        run.finalize("success")
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(0, 1), (2, 1), (4, 2), (6, 2)]
    assert [image.step for image in events.Images("samples")] == [0, 2, 4, 6]
    assert (events.Images("samples")[0].width, events.Images("samples")[0].height) == (6, 4)
    assert yaml.safe_load((tmp_path / "tensorboard/hparams.yaml").read_text())["loss"] == {"name": "minimax"}


def test_trackio_has_numbers_grids_and_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    trackio = pytest.importorskip("trackio")
    for first in (0, 4):
        run = Trackio(project="saddle", group="loss_1f2e", job="loss-minimax", config=CONFIG)
        for updates in range(first, first + 4, 2):
            run.log_metrics({"loss": 1.0 + updates, "samples": GRID}, step=updates)
        run.warn("D is saturated: smooth it")
        run.finalize("success")
    (stored,) = trackio.Api().runs("saddle")
    assert stored.name == "loss_1f2e/loss-minimax"


class Failing(Tracker):
    title = "Notebook"

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image.Image], updates: int) -> None:
        raise OSError("no space\nleft")

    def close(self, status: str) -> None:
        raise OSError("no space")


def test_a_tracker_that_fails_says_so_once_and_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Failing()
    for updates in (0, 10):
        tracker.log_metrics({"loss": 1.0}, step=updates)
    tracker.warn("D is saturated")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("Notebook ")
    assert "(no space left)" in said
    assert "metrics.jsonl" in said
    with pytest.raises(ValueError, match="step="):
        tracker.log_metrics({"loss": 1.0})
    tracker.finalize("success")
    tracker.finalize("success")


class Standing(Tracker):
    """Its service stands still."""

    title = "Notebook"
    limit = closing_limit = 0.01
    abandoned = 0

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image.Image], updates: int) -> None:
        Event().wait(60)

    def close(self, status: str) -> None:
        Event().wait(60)

    def abandon(self) -> None:
        self.abandoned += 1


def test_a_tracker_that_stands_still_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Standing()
    began = monotonic()
    for updates in (0, 10):
        tracker.log_metrics({"loss": 1.0}, step=updates)
    tracker.finalize("success")
    assert monotonic() - began < 30
    assert tracker.abandoned == 1
    assert "Notebook failed and receives no more of this run (it has not answered for 0 s)" in capsys.readouterr().err


def test_a_finished_tracker_takes_no_more(tmp_path: Path) -> None:
    tracker = CSV(folder=tmp_path, config=CONFIG)
    tracker.finalize("success")
    with pytest.raises(RuntimeError, match="CSV run is finished"):
        tracker.log_metrics({"loss": 1.0}, step=0)


def test_the_logger_of_a_run_of_saddle_0_2_is_wandb() -> None:
    cfg = composed(MLP)
    nodes = tracker_nodes(cfg)
    cfg.logger = nodes["wandb"]
    assert tracker_nodes(cfg) == {"wandb": nodes["wandb"]}
    assert not tracker_nodes(composed(MLP, "logger=none"))
    assert list(tracker_nodes(composed(MLP, "logger=[csv,wandb]"))) == ["csv", "wandb"]
