"""The weights of a run's states: which are stored, and that each is what was stored."""

from pathlib import Path

import pytest
import torch

from saddle import train
from saddle.callbacks.snapshots import Snapshots
from saddle.runs.folder import RunFolder
from saddle.runs.weights import Weights, packed


def stored(folder: RunFolder, state: str, value: float, updates: int) -> None:
    folder.save_weights(state, packed({"x": torch.full([3], value)}, updates))


def test_a_file_says_its_updates_and_an_altered_byte_is_noticed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    stored(run, "last", 1.0, 500)
    assert run.weights.updates("last") == 500
    assert run.weights.load("last")["x"].tolist() == [1.0] * 3
    content = bytearray(run.weights.path("last").read_bytes())
    content[-1] ^= 1
    run.weights.path("last").write_bytes(content)
    with pytest.raises(ValueError, match="its digest is wrong"):
        run.weights.load("last")


def test_equal_weights_are_equal_files() -> None:
    assert len({packed({"x": torch.zeros(2), "y": torch.ones(1)}, 5) for _ in range(9)}) == 1


def test_a_wrong_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    """Unless it is in the metadata and spares the digest, and then the tensors are still those that were stored."""
    tensors = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(2, dtype=torch.bfloat16), "n": torch.tensor(3)}
    run, whole = RunFolder(tmp_path), packed(tensors, 5)
    for place in range(len(whole)):
        run.save_weights("last", whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            read = run.weights.load("last")
        except ValueError:
            continue
        assert all(torch.equal(read[name], tensors[name]) for name in tensors), place


@pytest.mark.parametrize("state", ["first", "-1", "0.5", "../last"])
def test_a_state_is_last_best_or_a_number_of_updates(tmp_path: Path, state: str) -> None:
    with pytest.raises(ValueError, match="takes last, best or a number"):
        Weights(tmp_path).require(state)


def test_a_state_that_is_not_stored_is_answered_with_those_that_are(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for state, updates in {"last": 900, "best": 300, "600": 600, "900": 900}.items():
        stored(run, state, 0.0, updates)
    assert run.weights.states() == ["last", "best", "600", "900"]
    assert run.weights.require("0600") == "600"
    with pytest.raises(LookupError, match="stored are last, best, 600, 900"):
        run.weights.require("700")
    run.weights.discard(after=600)
    assert run.weights.states() == ["last", "best", "600"]
    run.weights.discard(after=200)
    assert run.weights.states() == ["last"]  # what is repeated may end before the old best


def test_a_state_that_was_renamed_by_hand_is_refused(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    stored(run, "500", 1.0, 500)
    run.weights.path("500").rename(run.weights.path("4"))
    with pytest.raises(ValueError, match="has the weights of update 500"):
        run.weights.load("4")


@pytest.mark.parametrize(("keep", "kept"), [("best", []), ("all", [4, 8, 12, 13]), (2, [12, 13])])
def test_a_run_keeps_the_states_that_it_was_asked_to_keep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str | int, kept: list[int]
) -> None:
    monkeypatch.chdir(tmp_path)
    intervals = {"updates": 13, "checkpoint_every": 4, "evaluate_every": 5, "log_every": 13, "sample_every": 13}
    small = {"resolution": 8, "evaluate_images": 60, "sample_images": 4, "batch_size": 16}
    run = train("data=digits", "network=mlp", logger="none", keep=keep, **small, **intervals)
    folder, summary = run.folder, run.summary
    assert folder.weights.kept() == kept
    main = summary["metrics"][summary["main_metric"]]
    assert run.states == {"last": 13, "best": main["best_updates"], **{str(updates): updates for updates in kept}}
    if 4 in kept:
        assert torch.equal(run.at(13).sample(8), run.sample(8))
        assert not torch.equal(run.at(4).sample(8), run.sample(8))


@pytest.mark.parametrize("higher_is_better", [False, True])
def test_the_best_is_the_latest_of_the_best_so_far_and_never_nan(tmp_path: Path, higher_is_better: bool) -> None:
    sign, saved = (-1 if higher_is_better else 1), []
    readings: dict[str, float] = {}
    snapshots = Snapshots(
        folder=RunFolder(tmp_path),
        recipe={},
        keep="best",
        metric="m",
        higher_is_better=higher_is_better,
        logged={7: sign * 3.0},
        readings=lambda: readings,
    )
    snapshots._save = lambda state, model: saved.append(readings["m"])  # type: ignore[method-assign]
    for value in (4.0, float("nan"), 3.0, 2.0, 2.5, 2.0):
        readings["m"] = sign * value
        snapshots.on_train_batch_end(None, None)  # type: ignore[arg-type]
    assert saved == [sign * 3.0, sign * 2.0, sign * 2.0]
