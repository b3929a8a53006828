"""Which files make the code another one."""

import subprocess
from pathlib import Path

import pytest

from saddle.runs import environment

GENERATED = ("experiments/new/results.json", "experiments/k/README.md", "experiments/k/a/b.png")
CODE = ("experiments/k/study.py", "experiments/k/rules.yaml", "src/x.py", "conf/loss/x.yaml", "README.md", "a.json")


def test_what_the_project_generates_is_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study writes its results, and the next run is still one of the committed code."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a"]
    (tmp_path / "experiments/k").mkdir(parents=True)
    (tmp_path / "experiments/k/README.md").write_text("before")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    for name in GENERATED:
        _write(tmp_path / name)
    assert environment.code()["dirty"] is False
    for name in CODE:
        _write(tmp_path / name)
        assert environment.code()["dirty"] is True, name
        (tmp_path / name).unlink()


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("after")
