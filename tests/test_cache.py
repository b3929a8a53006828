"""A cached file is there whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from saddle.cache import cached


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


def test_a_maker_that_fails_leaves_no_file(made: list[int], tmp_path: Path) -> None:
    def fail() -> dict[str, np.ndarray]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cached("x", fail)
    assert not list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob("*.tmp"))
