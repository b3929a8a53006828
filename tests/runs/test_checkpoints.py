"""The state of a run as a file: read as it was written, or found damaged, or refused."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from saddle.runs.checkpoints import Checkpoints, sealed

STATE = {"updates": 3, "model": {"weight": torch.arange(1000.0)}, "optimizers": [], "notes": {}, "facts": {}}


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "new")
    assert checkpoints.load() == (None, [])
    for updates in (3, 4, 5):
        checkpoints.save({**STATE, "updates": updates})
    state, problems = checkpoints.load()
    assert state is not None
    assert (state["updates"], problems) == (5, [])
    assert torch.equal(state["model"]["weight"], torch.arange(1000.0))
    checkpoints.last.unlink()
    state, _ = checkpoints.load()
    assert state is not None
    assert state["updates"] == 4
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["previous.ckpt"]


@pytest.mark.parametrize("damage", [lambda c: b"", lambda c: c[: len(c) // 2], lambda c: c[:-300], lambda c: b"x" * 99])
def test_whatever_is_damaged_the_one_before_is_read(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({**STATE, "updates": 1})
    checkpoints.save({**STATE, "updates": 2})
    checkpoints.last.write_bytes(damage(checkpoints.last.read_bytes()))
    state, problems = checkpoints.load()
    assert state is not None
    assert state["updates"] == 1
    assert "last.ckpt is damaged" in problems[0]


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()  # reading it fails with an error of the system, for root too


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("not-fetched")


@pytest.mark.parametrize("hide", [_directory, _link, lambda path: path.write_bytes(POINTER)])
def test_a_state_that_cannot_be_read_is_not_one_that_is_not_there(
    hide: Callable[[Path], object], tmp_path: Path
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({**STATE, "updates": 1})
    checkpoints.save({**STATE, "updates": 2})
    hide(checkpoints.last)
    with pytest.raises(OSError, match=r"last\.ckpt cannot be read \(.*\): make it readable again, or move it away"):
        checkpoints.load()


def test_without_an_intact_state_a_run_is_not_begun_again_in_its_place(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for updates in (1, 2):
        checkpoints.save({**STATE, "updates": updates})
    for path in (checkpoints.last, checkpoints.previous):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"last\.ckpt is damaged .*previous\.ckpt is damaged .*fresh=true"):
        checkpoints.load()


def test_a_damaged_state_does_not_replace_the_intact_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for a moment: a kill between two renamings would leave none."""
    checkpoints = Checkpoints(tmp_path)
    for updates in (1, 2):
        checkpoints.save({**STATE, "updates": updates})
    checkpoints.last.write_bytes(b"damaged")
    checkpoints.load()
    renamed: list[str] = []
    replace = Path.replace

    def noted(path: Path, to: Path) -> Path:
        renamed.append(path.name)
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", noted)
    checkpoints.save({**STATE, "updates": 2})
    assert renamed == [f".last.ckpt.{os.getpid()}.tmp"]
    checkpoints.save({**STATE, "updates": 3})
    assert renamed[1:] == ["last.ckpt", f".last.ckpt.{os.getpid()}.tmp"]


def test_a_state_that_does_not_fit_its_run_is_passed_over(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for updates in (1, 2):
        checkpoints.save({**STATE, "updates": updates})
    state, problems = checkpoints.load(lambda state: "the log is short" * (state["updates"] == 2))
    assert state is not None
    assert state["updates"] == 1
    assert "the log is short" in problems[0]


def test_a_folder_that_was_removed_does_not_come_back(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="could not be written"):
        Checkpoints(tmp_path / "removed" / "checkpoints").save(STATE)
    assert not (tmp_path / "removed").exists()


def test_every_wrong_bit_is_found(tmp_path: Path) -> None:
    """Also those that the check sums of torch's archive do not cover."""
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({**STATE, "updates": 1})
    checkpoints.save({**STATE, "updates": 2})
    whole = checkpoints.last.read_bytes()
    for place in [*range(60), *range(60, len(whole), 97), *range(len(whole) - 400, len(whole))]:
        checkpoints.last.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        state, problems = checkpoints.load()
        assert state is not None
        assert (state["updates"], len(problems)) == (1, 1)


def test_a_state_that_lacks_something_is_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path).save({"updates": 1})
    with pytest.raises(ValueError, match="not the state of a run"):
        Checkpoints(tmp_path).load()


def test_a_full_disk_leaves_the_last_good_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({**STATE, "updates": 1})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            checkpoints.save({**STATE, "updates": 2})
    state, problems = checkpoints.load()
    assert state is not None
    assert (state["updates"], problems) == (1, [])
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path}/done",)

    content = io.BytesIO()
    torch.save({**STATE, "updates": Hostile()}, content)
    (tmp_path / "last.ckpt").write_bytes(sealed(content.getvalue()))
    with pytest.raises(ValueError, match="refused: it contains more than tensors"):
        Checkpoints(tmp_path).load()
    assert not (tmp_path / "done").exists()
