"""The kills of `make faults`: what they cover, where they resume, what they notice."""

import json
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from options import build, options
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from saddle_studies.fuzzing import specimen
from saddle_studies.killing import Attempt, fingerprint

Patch = pytest.MonkeyPatch
PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "experiments" / "faults"


@pytest.fixture(scope="module")
def kills() -> dict[str, Any]:
    """What the script defines."""
    return runpy.run_path(str(FOLDER / "kills.py"), run_name="kills")


def test_every_model_and_all_that_has_a_state_is_killed(kills: dict[str, Any]) -> None:
    chosen = {setting for case in kills["CASES"].values() for setting in case.settings} | {"model=gan"}
    assert {f"model={name}" for name in options("model")} <= chosen
    for group, others in (("penalty", ["none"]), ("augment", ["none"])):
        parts = {name: build(group, name) for name in options(group) if name not in others}
        stateful = {
            type(part).__name__ for part in parts.values() if isinstance(part, torch.nn.Module) and part.state_dict()
        }
        killed = {type(parts[name]).__name__ for name in parts if f"{group}={name}" in chosen}
        assert stateful
        assert stateful <= killed
    schedules = {setting.rpartition("=")[2] for setting in chosen if setting.startswith("schedule@")}
    assert {"cosine", "linear"} <= schedules
    assert any(case.evaluated for case in kills["CASES"].values())


class Counted:
    """Stands for the runs of a case; breaks off at the `last` attempt of all."""

    def __init__(self, case: str, made: list[str], last: int) -> None:
        self.case, self.made, self.last = case, made, last

    def attempt(self, number: int, kills: int, draw: np.random.Generator) -> Attempt:
        if len(self.made) == self.last:
            raise KeyboardInterrupt
        self.made.append(f"{self.case} {number}")
        words = str(draw.random())
        return Attempt(
            case=self.case,
            number=number,
            kills=kills,
            same=True,
            resumed_from=[None],
            slowest_end=0.0,
            seconds=0.0,
            words=words,
        )


def test_kills_that_were_broken_off_resume_with_the_same_moments(kills: dict[str, Any], tmp_path: Path) -> None:
    of = {"seed": 3, "sources": "one"}

    def carry_out(name: str, last: int, of: dict[str, Any] = of) -> tuple[list[dict[str, Any]], list[str]]:
        made: list[str] = []
        return kills["carried_out"](of, tmp_path / name, ["a", "b"], 4, lambda case: Counted(case, made, last)), made

    whole, made = carry_out("whole", 99)
    assert [sum(one["kills"] for one in whole if one["case"] == case) for case in "ab"] == [4, 4]
    with pytest.raises(KeyboardInterrupt):
        carry_out("parts", 3)
    parts, rest = carry_out("parts", 99)
    assert (parts, rest) == (whole, made[3:])
    assert carry_out("parts", 0) == (whole, [])
    assert carry_out("parts", 99, of | {"sources": "two"})[1] == made


@pytest.fixture(scope="module")
def specimen_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return specimen(tmp_path_factory.mktemp("faults") / "sweep")


@pytest.fixture
def stored(specimen_run: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(specimen_run.path, tmp_path / "run"))


def _state(run: RunFolder) -> None:
    state, _ = Checkpoints(run.checkpoints).load()
    assert state is not None
    state["model"]["x"][3] += 2**-20
    Checkpoints(run.checkpoints).save(state)


def _grid(run: RunFolder) -> None:
    with Image.open(run.grids()[-1]) as image:
        image.putpixel((3, 3), 91)
        image.save(run.grids()[-1])


def _summary(run: RunFolder, **changed: object) -> None:
    run.write_summary({**(run.summary() or {}), **changed})


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (_state, True),
        (_grid, True),
        (lambda run: run.save_weights("last", run.weights.path("last").read_bytes()[:-1] + b"\1"), True),
        (lambda run: run.save_weights("best", run.weights.path("last").read_bytes()), True),
        (lambda run: run.log(20, {"loss": 0.5}), True),
        (lambda run: run.write_evaluations([]), True),
        (lambda run: _summary(run, floor=0.41), True),
        (lambda run: _summary(run, seconds=4.0), False),
    ],
)
def test_whatever_a_run_leaves_is_compared(
    change: Callable[[RunFolder], object], noticed: bool, stored: RunFolder
) -> None:
    before = fingerprint(stored)
    change(stored)
    assert (fingerprint(stored) != before) == noticed


@pytest.mark.parametrize("wrong", ["only=nothing like it", "kills=0", "kills=many", "seed=-1"])
def test_wrong_arguments_are_refused_in_one_line(wrong: str, kills: dict[str, Any], monkeypatch: Patch) -> None:
    monkeypatch.setattr("sys.argv", ["kills.py", wrong])
    with pytest.raises(SystemExit, match=f"^error: {wrong}"):
        kills["main"]()


def test_results_that_were_changed_by_hand_are_refused_by_name(kills: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "kills.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"kills\.json"):
        kills["carried_out"]({}, tmp_path / "kills.json", ["a"], 1, lambda case: Counted(case, [], 9))


def test_the_table_is_that_of_the_stored_kills(kills: dict[str, Any]) -> None:
    stored = json.loads((FOLDER / "results" / "kills.json").read_text(encoding="utf-8"))
    assert kills["table"](stored["attempts"]) in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_tests_that_the_readme_names_exist() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert named
    for file, name in named:
        assert f"\ndef {name}(" in (PROJECT / file).read_text(encoding="utf-8"), name
