"""Commands are printed as they run where the person is."""

import sys
from pathlib import Path

import pytest

from saddle.runs.commands import typed


def test_python_is_named_by_its_path_unless_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["src/train.py"])
    monkeypatch.chdir(tmp_path)
    assert typed("sample") == "python src/sample.py"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed("sample") == f"{sys.executable} src/sample.py"
    monkeypatch.chdir(Path(sys.executable).parents[2])
    assert typed("sample") == f"{Path(sys.executable).relative_to(Path.cwd())} src/sample.py"


def test_scripts_are_named_by_the_folder_of_the_one_that_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere else/src/train.py"])
    assert typed("sample") == "python '/somewhere else/src'/sample.py"


def test_the_installed_command_is_named_by_its_path_unless_the_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "saddle").touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(tmp_path / "saddle")])
    assert typed("sample") == f"{tmp_path / 'saddle'} sample"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed("sample") == "saddle sample"
