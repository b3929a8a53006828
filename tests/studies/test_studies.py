"""Every study of experiments/ is started as its README says, and ends in what its README shows."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from fake_runs import make_run
from options import options
from saddle.config import precheck
from saddle.report.curves import over_seeds
from saddle.report.statistics import t_interval
from saddle_studies import interruption
from saddle_studies.grouped import grouped, last, plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Study

PROJECT = Path(__file__).resolve().parents[2]
STUDIES = {
    path.parent.name: path
    for path in sorted((PROJECT / "experiments").glob("*/study.py"))
    if "from saddle_studies.study import" in path.read_text(encoding="utf-8")
}
NOT_RUN = "ANSWER"
"""Stands in a README for what is not known before the study has run."""

SMALL = ("updates=20", "evaluate_every=10", "sample_every=20", "checkpoint_every=20", "seed=0", "evaluate_images=100")
FACES = ("data.train_count=300", "data.test_count=120")
OWN = {
    "maximum_likelihood": (*FACES, "model.images=200", "model.components=1,2", "model.dimensions=4,8"),
    "optimal_discriminator": ("data=mixture_1d,discrete",),
    "k_steps": ("data=mixture_1d", "d_steps=1,2"),
    "g_steps": ("data=mixture_1d", "g_steps=1,2"),
    "generations": FACES,
    "losses": (*FACES, "loss=nonsaturating,hinge"),
    "together": FACES,
    "which_to_choose": (*FACES, "only=penalty", "penalty=none,r1"),
}
"""What makes a study's miniature small beside SMALL."""


@pytest.mark.parametrize("name", STUDIES)
def test_its_readme_says_what_is_asked_and_how(name: str) -> None:
    text = STUDIES[name].with_name("README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "**Question.**" in text
    assert "**Answer.**" in text
    assert f"\nmake study NAME={name}\n" in text
    for link in re.findall(r"\]\(([^)#:]+\.(?:md|py|yaml))\)", text):
        assert (STUDIES[name].parent / link).is_file() or NOT_RUN in text, link


@pytest.mark.parametrize("name", STUDIES)
def test_what_its_readme_shows_is_there(name: str) -> None:
    """Pictures, and a table in each place for one; unless it says that it waits for its run."""
    text = STUDIES[name].with_name("README.md").read_text(encoding="utf-8")
    if NOT_RUN not in text:
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
            assert (STUDIES[name].parent / picture).is_file(), picture
        assert not re.findall(r"<!-- (\w+) -->\s*<!-- /\1 -->", text)


@pytest.mark.parametrize("name", options("experiment"))
def test_its_sweep_composes_and_is_some_study_s(name: str) -> None:
    assert precheck(["-m", f"experiment={name}", "name=any"]).notes == []
    texts = [path.read_text(encoding="utf-8") for path in STUDIES.values()]
    prefix = name.partition("_")[0]
    assert name in STUDIES or any(f'"{name}"' in text or f'"{prefix}_' in text for text in texts)


@pytest.mark.parametrize("name", ["max_of_discriminators"])
def test_a_study_without_training(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes where it is told, and measures what is committed."""
    monkeypatch.setattr(sys, "argv", [str(STUDIES[name]), f"out={tmp_path}"])
    runpy.run_path(str(STUDIES[name]), run_name="__main__")
    found, committed = (json.loads((folder / "claims.json").read_text()) for folder in (tmp_path, STUDIES[name].parent))
    assert found == committed
    assert all((tmp_path / f"{claim['name']}.png").is_file() for claim in found)


def test_every_claim_is_in_the_table_of_the_theory() -> None:
    table = (PROJECT / "experiments/theory/README.md").read_text(encoding="utf-8")
    files = list((PROJECT / "experiments").glob("*/claims.json"))
    claims = {file: json.loads(file.read_text(encoding="utf-8")) for file in files}
    assert sum(map(len, claims.values())) >= 14
    for file, found in claims.items():
        for claim in found:
            assert f"(../{file.parent.name}/{claim['name']}.png) | {claim['measured']} |" in table
            assert file.with_name(f"{claim['name']}.png").is_file()


def test_a_study_trains_its_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command line has beside `out` and `name` goes to the sweep; a job that failed stops nothing."""
    started: list[list[str]] = []

    def run(command: list[str]) -> int:
        started.append(command[2:])
        return codes.pop()

    monkeypatch.setattr(interruption, "run", run)
    codes = [2, 1, 0]
    study = Study(str(STUDIES["k_steps"]), ["study.py", f"out={tmp_path}", "name=tiny", "seed=0"], "")
    assert study.train() == Path("runs/tiny_k_steps")
    assert started == [["-m", "experiment=k_steps", "name=tiny_k_steps", "seed=0"]]
    study.train()
    with pytest.raises(SystemExit):
        study.train()
    assert (tmp_path / "README.md").is_file()


def test_a_study_with_settings_writes_and_trains_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The committed numbers stay beside the text about them; settings of execution alone change nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interruption, "run", lambda command: 0)

    def begin(name: str, *arguments: str) -> Study:
        own = {"faces": ["run"], "which_to_choose": ["only"]}.get(name, [])
        return Study(str(STUDIES[name]), ["study.py", *arguments], "", own=own)

    for arguments in ((), ("hydra.launcher.jobs=1",)):
        study = begin("k_steps", *arguments)
        assert (study.out, study.train()) == (STUDIES["k_steps"].parent, Path("runs/k_steps"))
    assert not any(tmp_path.iterdir())

    study = begin("k_steps", "updates=60", "seed=0", "hydra.launcher.jobs=1")
    assert re.fullmatch(r"runs/study-k_steps-[0-9a-f]{6}", str(study.out))
    assert study.train() == Path(f"{study.out}_k_steps")
    text = (study.out / "README.md").read_text(encoding="utf-8")
    assert text.startswith('> `make study NAME=k_steps ARGS="updates=60 seed=0 hydra.launcher.jobs=1"` wrote')
    study.table("training", ["k"], [["7"]])
    assert capsys.readouterr().out.endswith(f"\n{study.out}/README.md\n")
    assert "\n| 7 |\n" in (study.out / "README.md").read_text(encoding="utf-8")
    assert "\n| 7 |\n" not in STUDIES["k_steps"].with_name("README.md").read_text(encoding="utf-8")

    assert study.out == begin("k_steps", "seed=0", "updates=60").out != begin("k_steps", "updates=61").out
    other_runs, part = begin("faces", "run=runs/a"), begin("which_to_choose", "only=loss")
    assert (other_runs.out.parent, part.out.parent) == (Path("runs"), Path("runs"))
    assert part.train("which_k") == Path("runs/which_k")  # trained as always, and resumed by the whole study


@pytest.mark.parametrize(("own", "words"), [((), "run=...        is not accepted"), (("run",), "run=A,B  ")])
def test_the_help_of_every_study_names_the_settings_that_all_have(
    own: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        Study(str(STUDIES["k_steps"]), ["study.py", "--help"], "What it asks.", own=own)
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert said.startswith("What it asks.\n\nSettings")
    assert all(f"\n  {setting}" in said for setting in ("out=FOLDER", "name=NAME", words, "KEY=VALUE"))


def test_a_study_that_cannot_take_runs_refuses_them_itself() -> None:
    """Handed on, `run=` would be a second command in that of the sweep."""
    with pytest.raises(SystemExit, match="error: k_steps takes no run=: it needs its own sweeps"):
        Study(str(STUDIES["k_steps"]), ["study.py", "run=runs/faces"], "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("extractors", "extractors is not made by make study; its own commands are, .*\n  make extractors "),
        ("nothing", "there is no study nothing; the studies are:\n"),
        ("", "NAME= is missing; the studies are:\n"),
    ],
)
def test_make_names_what_can_be_made(name: str, words: str) -> None:
    command = ["make", "--no-print-directory", "study", f"NAME={name}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.match(f"error: {words}", done.stdout)


def test_a_study_without_a_finished_run_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is no result; of what finished the study goes on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interruption, "run", lambda command: 1)
    study = Study(str(STUDIES["k_steps"]), ["study.py", f"out={tmp_path / 'out'}"], "")
    make_run(Path("runs/k_steps/one"), ended="failed")
    with pytest.raises(SystemExit, match=r"^error: no run of runs/k_steps has finished yet: one \(failed\)$"):
        study.finished()
    make_run(Path("runs/k_steps/two"))
    assert [run.job for run in study.finished()] == [run.job for run in study.runs()] == ["two"]


def test_runs_by_what_they_were_given(tmp_path: Path) -> None:
    """And over their seeds, at the updates that all have."""
    jobs = [("minimax", 0, 10.0), ("minimax", 1, 12.0), ("hinge", 0, 30.0)]
    made = [make_run(tmp_path / f"{loss}{seed}", loss=loss, seed=seed, distance=far) for loss, seed, far in jobs]
    groups = grouped(made, ["loss", "updates", "penalty"])
    assert list(groups) == [("minimax", "1000", "none"), ("hinge", "1000", "none")]
    both, one = groups.values()
    assert [run.seed for run in both] == ["0", "1"]
    curve = over_seeds(both, "fd_faces")
    assert list(curve) == [0, 200, 400, 600, 800, 1000]
    assert curve[1000] == t_interval(last(both, "fd_faces"))
    assert over_seeds(both, "unheard_of") == {}
    assert last(both, "unheard_of") == []
    assert 30 < last(one, "fd_faces")[0] < 31


def test_an_interval_in_words() -> None:
    """Of 1 and 3 it is 2 -+ t sqrt 2 / sqrt 2, t = 12.706 with one degree of freedom."""
    assert plus_minus([1.0, 3.0], 2) == "2.00 ± 12.71"
    assert plus_minus([0.5], 1) == "0.5"
    assert plus_minus([], 1) == ""


def test_panels_share_their_looks(tmp_path: Path) -> None:
    """One line of a name in each panel, of one colour, and each name once below."""
    line = {1.0: t_interval([1.0, 2.0]), 2.0: t_interval([2.0, 3.0])}
    panels = [
        Panel(title="one", across="updates", up="JSD", lines={"a": line, "b": line}, logarithmic="xy"),
        Panel(title="two", across="updates", up="JSD", lines={"b": line}, logarithmic=""),
    ]
    figure = draw(panels, 2)
    left, right = figure.axes
    assert left.lines[1].get_color() == right.lines[0].get_color() != left.lines[0].get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert (left.get_xscale(), right.get_yscale()) == ("log", "linear")


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_in_miniature(name: str, tmp_path: Path) -> None:
    """It trains, draws and fills every place in its README."""
    command = [sys.executable, str(STUDIES[name]), f"out={tmp_path / 'out'}", "name=tiny", *SMALL, *OWN.get(name, ())]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    text = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert not re.findall(r"<!-- (\w+) -->\s*<!-- /\1 -->", text)
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert any((folder / picture).is_file() for folder in (tmp_path / "out", STUDIES[name].parent)), picture
