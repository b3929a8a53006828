"""Every command of the README can be given."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wandb.cli.cli import cli

from saddle.cli import train
from saddle.config import ConfigError, help_on, precheck

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = [body for kind, body in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE) if not kind]
COMMANDS = sorted(
    {
        line.removeprefix("$ ").partition(" #")[0].strip()
        for block in BLOCKS
        for line in block.splitlines()
        if re.match(r"(\$ )?(make|python|wandb)\b", line)
    }
)


def test_the_example_of_the_theory_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers to 12 digits, the last ones being another machine's own."""
    (example,) = [text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "saddle.theory" in text]
    exec(example, {})
    printed, said = capsys.readouterr().out, " ".join(re.findall(r"print\(.*?\)  # (.*)", example))
    found, written = ([float(each) for each in re.findall(r"\d\.\d+(?:e-\d+)?", text)] for text in (printed, said))
    assert len(found) == 7
    assert found[:1] + found[2:] == pytest.approx(written[:1] + written[2:], rel=1e-12)
    assert found[1] < 1e-8


def test_the_example_of_the_python_api_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer updates and samples; its own assertion is one of the promises."""
    monkeypatch.chdir(tmp_path)
    (example,) = [text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "saddle.compose" in text]
    names: dict[str, Any] = {}
    exec(example.replace("updates=200", "updates=4, evaluate_images=200"), names)
    assert names["run"].metrics["updates"][-1] == 4
    assert names["points"].shape == (64, 2)
    assert names["again"].path == names["run"].path


def test_the_readme_has_commands() -> None:
    assert {"make sweep", "make fid", "python src/train.py"} <= set(COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make")])
def test_make_targets_exist(command: str) -> None:
    done = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_setting_outside_of_args_is_refused() -> None:
    """It would be a variable that nobody reads, and the sweep one of faces."""
    command = ["make", "sweep", "data=digits", "--dry-run"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'settings stand in ARGS: make sweep ARGS="data=digits"' in done.stderr


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
        with pytest.raises(SystemExit, match="there is no folder"):
            train.main(["src/train.py", *arguments])
    elif "--help" in arguments:
        assert help_on(arguments[:-1])
    else:
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
