"""A run that is being trained: signs of life, a log that stays whole, and a folder that stays its own."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from saddle.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "sweep" / "job")


def test_lines_that_the_log_lost_are_noticed(run: RunFolder) -> None:
    for updates in range(3):
        run.log(updates, {"loss": 1.0})
    assert run.require_whole_log() == 3
    log = run.path / "metrics.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.raises(OSError, match=r"has lost lines .* 2 of 3"):
        run.require_whole_log()


def _removed(run: RunFolder) -> None:
    shutil.rmtree(run.path)


def _replaced(run: RunFolder) -> None:
    shutil.rmtree(run.path)
    (run.path / "wandb").mkdir(parents=True)  # a logger makes its folder again


def _taken(run: RunFolder) -> None:
    path = run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"machine": "another"}))


@pytest.mark.parametrize("lose", [_removed, lambda run: run.move_aside(), _replaced, _taken])
def test_a_folder_that_is_lost_while_a_run_is_trained_ends_it(
    run: RunFolder, lose: Callable[[RunFolder], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    run.claim("seed: 0")
    run.log(0, {"loss": 1.0})
    lose(run)
    before = sorted(run.path.rglob("*"))
    monkeypatch.setattr("saddle.runs.folder.HEARTBEAT", 0.0)
    writes: list[Callable[[], object]] = [
        lambda: run.log(1, {"loss": 1.0}),
        lambda: run.write_summary({}),
        lambda: run.save_weights("last", b""),
        lambda: run.mark("finished"),
        run.beat,
    ]
    for write in writes:
        with pytest.raises(OSError, match="no longer belongs to this run"):
            write()
    assert sorted(run.path.rglob("*")) == before


def test_signs_of_life_come_while_training_does_not(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation may last longer than the silence after which other machines believe that the process is dead."""
    monkeypatch.setattr("saddle.runs.folder.HEARTBEAT", 0.002)
    run.claim()
    first = run.status().heartbeat
    deadline = time.monotonic() + 10
    while run.status().heartbeat == first:
        assert time.monotonic() < deadline
    run.mark("finished", updates=3)
    time.sleep(0.02)
    assert (run.status().state, run.status().details) == ("finished", {"updates": 3})


def test_a_refusal_leaves_a_run_as_it_was(run: RunFolder) -> None:
    run.write_config("seed: 0")
    run.mark("interrupted", updates=7)
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    run.claim("seed: 1")
    assert (run.status().state, run.config()) == ("running", "seed: 1")
    run.refuse()
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
