"""Every command of the README can be given."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from wandb.cli.cli import cli

import train
from saddle.config import ConfigError, precheck

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = sorted(
    {
        line.removeprefix("$ ").partition(" #")[0].strip()
        for block in BLOCKS
        for line in block.splitlines()
        if re.match(r"(\$ )?(make|python|wandb)\b", line)
    }
)


def test_the_readme_has_commands() -> None:
    assert {"make sweep", "make fid", "python src/train.py"} <= set(COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make")])
def test_make_targets_exist(command: str) -> None:
    done = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python src/train.py")])
def test_training_commands_compose(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cats", "dogs"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "one.png").touch()
    arguments = shlex.split(command)[2:]
    if arguments == ["loss=minmax"]:
        with pytest.raises(ConfigError, match="did you mean minimax"):
            precheck(arguments)
    elif any(argument.startswith("run=") for argument in arguments):
        monkeypatch.setattr(sys, "argv", ["src/train.py", *arguments])
        with pytest.raises(SystemExit, match="there is no folder"):
            train.main()
    elif arguments != ["--help"]:
        precheck(arguments)


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.match(r"python src/(?!train)", c)])
def test_arguments_of_the_small_commands_are_known(command: str) -> None:
    """Where there are no runs, a right command misses the run, not its arguments."""
    _, entry, *rest = shlex.split(command)
    arguments = [sys.executable, str(PROJECT / entry), *rest]
    done = subprocess.run(arguments, cwd=PROJECT / "tests", capture_output=True, text=True, check=False)
    assert "there is no folder" in done.stderr, done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("wandb")])
def test_wandb_has_the_commands(command: str) -> None:
    assert shlex.split(command)[1] in cli.commands
