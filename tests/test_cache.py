"""A cached file is there whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from saddle.storage import cached


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))
    return []


def make(made: list[int]) -> dict[str, np.ndarray]:
    made.append(1)
    return {"a": np.arange(1000), "b": np.ones((2, 3), dtype=np.uint8)}


def test_made_once_and_the_same_again(made: list[int]) -> None:
    first, second = (cached("x/y", lambda: make(made)) for _ in range(2))
    assert len(made) == 1
    assert all((first[name] == second[name]).all() and first[name].dtype == second[name].dtype for name in first)


@pytest.mark.parametrize("left", [0, 10, 2000])
def test_a_damaged_file_is_made_again(made: list[int], tmp_path: Path, left: int) -> None:
    cached("x", lambda: make(made))
    path = tmp_path / "x.npz"
    path.write_bytes(path.read_bytes()[:left])
    assert (cached("x", lambda: make(made))["a"] == np.arange(1000)).all()
    assert len(made) == 2


def test_a_file_with_any_bit_flipped_is_read_or_made_again(made: list[int], tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    cached("x", lambda: {"a": np.arange(3)})
    content = path.read_bytes()
    for bit in range(0, 8 * len(content), 7):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        cached("x", lambda: make(made))
    assert made


def test_writing_that_fails_leaves_no_file_and_names_the_way_out(made: list[int], tmp_path: Path) -> None:
    (tmp_path / f"x.{os.getpid()}.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"x\.npz cannot be written: No space left .*SADDLE_CACHE=DIR chooses another"):
        cached("x", lambda: make(made))
    assert {path.suffix for path in tmp_path.iterdir()} <= {".lock"}


@pytest.mark.parametrize("place", ["/proc/nope", "{}/file"])
def test_a_place_that_cannot_be_written_to_is_named(
    place: str, made: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SADDLE_CACHE", place.format(tmp_path))
    with pytest.raises(OSError, match=r"x\.npz cannot be written: .*SADDLE_CACHE=DIR"):
        cached("x", lambda: make(made))
    assert made == []


def test_errors_of_the_maker_stay_as_they_are(made: list[int]) -> None:
    def fail() -> dict[str, np.ndarray]:
        raise OSError("of its own")

    with pytest.raises(OSError, match=r"^of its own$"):
        cached("x", fail)


def test_a_maker_that_fails_leaves_no_file(made: list[int], tmp_path: Path) -> None:
    def fail() -> dict[str, np.ndarray]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cached("x", fail)
    assert not list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob("*.tmp"))
