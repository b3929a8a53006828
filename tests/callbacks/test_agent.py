"""A sweep of Weights & Biases drives training: what its agent starts, by the agent's own code, is a right run."""

import itertools
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb import wandb_agent

from options import composed
from saddle.callbacks.wandb import Wandb
from saddle.cli import train
from saddle.config import precheck
from saddle.engine.components import loggers
from saddle.report.run import read_runs
from saddle.report.settings import settings_of
from saddle.runs.folder import RunFolder
from saddle.runs.naming import single_folder
from saddle.runs.trial import Trial
from test_wandb import KEY, friendly, logger, nowhere, records, resumable, server  # noqa: F401  # one is a fixture

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SWEEP = yaml.safe_load(next(text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "program:" in text))
KEYS = {name: spec.get("values", [spec.get("value")]) for name, spec in SWEEP["parameters"].items()}
TRIALS = [dict(zip(KEYS, values, strict=True)) for values in itertools.product(*KEYS.values())]
"""The settings of every run of the grid."""


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the agent does about one run: its command; its variables are then those of this process."""
    begun: list[tuple[list[str], dict[str, str]]] = []

    def process(command: list[str], env: dict[str, str], **_: Any) -> Any:
        begun.append((command, env))
        return type("Process", (), {})()

    def begin(settings: dict[str, Any], run: str) -> list[str]:
        for name in ("DIR", "RUN_ID", "SWEEP_PARAM_PATH"):  # that the agent sets in its own process, too
            monkeypatch.setenv(f"WANDB_{name}", str(Path.cwd()))
        monkeypatch.setenv("WANDB_SWEEP_ID", "sw33p1d0")
        monkeypatch.setattr(wandb_agent, "AgentProcess", process)
        agent = wandb_agent.Agent(api=None, queue=None, sweep_id="sw33p1d0")
        agent._sweep_command = list(SWEEP["command"])
        args = {name: {"value": value} for name, value in settings.items()}
        agent._command_run({"run_id": run, "program": SWEEP["program"], "args": args})
        command, environment = begun[-1]
        for name, value in environment.items():
            if name.startswith("WANDB_"):
                monkeypatch.setenv(name, value)
        return command

    return begin


def overrides(command: list[str]) -> list[str]:
    return command[command.index("src/train.py") + 1 :]


def test_the_commands_of_the_agent_are_those_that_training_takes(begin: Any) -> None:
    assert len(TRIALS) == 12
    places = set()
    for number, settings in enumerate(TRIALS):
        command = begin(settings, f"run{number}")
        assert command[:3] == ["/usr/bin/env", ".venv/bin/python", "src/train.py"]
        assert precheck(overrides(command)).notes == []
        places.add(single_folder(overrides(command)))
    assert len(places) == 12
    first = "sw33p1d0/data-digits_generator_clip_norm-null_loss-minimax_seed-0_run0"
    assert first in {"/".join([part.parent.name, _sorted(part.name)]) for part in map(Path, places)}


def _sorted(job: str) -> str:
    """The name of a job with its keys in order, whatever the order of the yaml."""
    *parts, run = re.split(r"_(?=data-|loss-|seed-|generator_clip|run\d)", job)
    return "_".join([*sorted(parts), run])


def test_each_run_of_a_sweep_has_a_folder_and_finds_it_again(begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal settings of two runs, too: an answer `already finished` would leave the second without a number."""
    again = [single_folder(overrides(begin(TRIALS[0], run))) for run in ("a1", "b2", "a1")]
    assert again[0] == again[2] != again[1]
    assert Trial.current() == Trial(sweep="sw33p1d0", run="a1")
    monkeypatch.delenv("WANDB_RUN_ID")
    assert Trial.current() is None
    assert single_folder(["seed=0"]) == "single/seed-0"


def test_several_runs_in_one_process_of_the_agent_are_refused(
    begin: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = begin(TRIALS[0], "a1")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit, match="2"):
        train.main(["src/train.py", "-m", *overrides(command)])
    assert "leave -m out" in capsys.readouterr().err


def test_the_run_is_the_agents_and_of_its_sweep(begin: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Offline as well: an upload then joins the sweep."""
    command = begin(TRIALS[0], "a1")
    folder = RunFolder(Path("runs") / single_folder(overrides(command)))
    folder.write_environment({"trial": {"sweep": "sw33p1d0", "run": "a1"}})
    cfg = composed(*overrides(command), "logger=wandb")
    run = loggers(cfg, "digits", folder, None, None)[-1]
    assert isinstance(run, Wandb)
    assert run.identity() == {"id": "a1", "online": False}
    run.finalize("success")
    (started,) = records(run.run_folder, capfd, "run")[:1]
    assert (started["run_id"], started["sweep_id"], started["run_group"]) == ("a1", "sw33p1d0", "sw33p1d0")
    known = started["config"]["update"]
    assert (known["loss"], known["seed"], known["updates"]) == ("minimax", 0, 3000)
    assert known["setting"] == folder.job.removesuffix("_a1").replace("_seed-0", "")


@pytest.mark.parametrize("earlier", ["a1", "z9"])
def test_online_it_goes_on_with_the_agents_run_and_no_other(
    begin: Any, earlier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(TRIALS[0], "a1")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    requests: list[str] = []

    def answer(request: str) -> tuple[int, dict[str, Any]] | None:
        requests.append(request)
        return friendly(request) if earlier != "a1" and "RunResumeStatus" in request else resumable(request)

    with server(answer) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        run = logger(resumed_from={"id": earlier, "online": True}, timeout=5.0, finish_timeout=5.0)
        assert run.identity() == {"id": "a1", "online": True}
        run.finalize("success")
    begun = next(request for request in requests if "UpsertBucket" in request)
    assert '"sweep":"sw33p1d0"' in begun
    assert any("RunResumeStatus" in request for request in requests) == (earlier == "a1")


def test_the_page_names_a_setting_without_the_runs_of_the_agent(tmp_path: Path) -> None:
    folders = [RunFolder(tmp_path / f"loss-minimax_seed-{seed}_id{seed}") for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        folder.write_config(f"seed: {seed}\n")
        folder.write_environment({"trial": {"sweep": "sw33p1d0", "run": f"id{seed}"}})
    assert [setting.name for setting in settings_of(read_runs(folders))] == ["loss-minimax"]
    assert "WANDB_RUN_ID" not in os.environ
