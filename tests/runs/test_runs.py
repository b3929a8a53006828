"""Run folders: names that are found again, files that are whole, runs that say truly how they stand."""

import json
import math
import os
import re
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest
from omegaconf import DictConfig
from PIL import Image

from saddle.callbacks.measure import Measure
from saddle.cli import train, training
from saddle.cli.arguments import arguments
from saddle.processes.threads import cores
from saddle.runs.folder import RunFolder, replace_file
from saddle.runs.messages import closing
from saddle.runs.naming import grown_names, job_names, single_name, sweep_name
from saddle.runs.status import CLOCKS, SILENCE
from saddle.runs.sweep import find_run, finished_runs, newest_sweep, runs_of, write_sweep
from saddle.runs.sweep_position import SweepPosition

CASES = [
    ([["loss=minimax"], ["loss=nonsaturating"]], ["loss-minimax", "loss-nonsaturating"]),
    ([["loss=minimax", "updates=9"], ["loss=hinge", "updates=9"]], ["loss-minimax", "loss-hinge"]),
    ([["loss=a", "seed=0"], ["loss=b", "seed=1"]], ["loss-a_seed-0", "loss-b_seed-1"]),
    ([["loss=minimax", "seed=3", "fresh=true", "hydra.verbose=true"]], ["loss-minimax_seed-3"]),
    ([[]], ["default"]),
    ([["optimizer.betas=[0.5,0.9]"]], ["optimizer.betas-0.5-0.9"]),
    ([["gamma=0"], ["gamma=-1"], ["gamma=0.1"]], ["gamma-0", "gamma--1", "gamma-0.1"]),
    ([["+penalty=r1"], ["~penalty"]], ["penalty-r1", "no-penalty"]),
    ([["schedule@schedule.generator=linear", "~loss@a.b"]], ["schedule.generator-linear_no-a.b"]),
    ([["seed=0", "seed=7"]], ["seed-7"]),
    ([["hydra/launcher=isolated", "note='a b'"]], ["note-a-b"]),
]


@pytest.mark.parametrize(("jobs", "names"), CASES)
def test_a_job_is_named_by_what_makes_it_different(jobs: list[list[str]], names: list[str]) -> None:
    assert job_names(jobs) == names


def test_a_single_run_has_its_name_and_one_without_is_named_by_its_settings() -> None:
    assert single_name(["name=mine", "loss=minimax", "seed=3"]) == single_name(["+name=mine"]) == "mine"
    assert single_name(["name='my run'"]) == "my-run"
    assert single_name(["penalty.gamma=.5"]) == single_name(["penalty.gamma=0.5"]) == "penalty.gamma-0.5"
    assert single_name(["penalty.gamma=5"]) == "penalty.gamma-5"
    assert len({single_name([f"key={text}"]) for text in ("x", ".x", "..x", "/x", "x/")}) == 5
    for nothing in ([], ["name="], ["name=null"], ["name=''"]):
        assert single_name([*nothing, "seed=3"]) == job_names([[*nothing, "seed=3"]])[0]


PATHS = ['"/data/a/faces (1)"', '"/data/b/faces (1)"', "人脸", "人像"]
VALUES = ["0", "a", "A", "x y", *PATHS, "a=b,c", "..", "''", "x" * 130, "x" * 131]


def test_a_long_name_is_cut_to_what_file_systems_allow() -> None:
    names = [single_name([f"name={letter * 300}{tail}"]) for letter, tail in (("n", "a"), ("n", "b"))]
    assert max(map(len, names)) <= 200
    assert len(set(names)) == 2
    assert sweep_name([["seed=0"]], "n" * 300) == single_name([f"name={'n' * 300}"])
    assert single_name([f"name={'n' * 200}"]) == "n" * 200


def test_job_names_are_legal_and_all_different_also_where_case_is_ignored() -> None:
    pairs = [*product(VALUES, VALUES), ("0", "0")]
    jobs = [[f"data.root={value}", f"+note={note}"] for value, note in pairs]
    names = job_names(jobs)
    assert len({name.casefold() for name in names}) == len(jobs)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,119}", name) for name in names)
    assert names == job_names(jobs)
    long = [name for name in names if len(name) == 120]
    assert all(re.search(r"_[0-9a-f]{8}$", name) for name in long)
    assert long


def test_single_runs_on_two_folders_of_one_name_do_not_meet() -> None:
    first, second = (job_names([[f'data.root="{root}/人脸"']])[0] for root in ("/data/a", "/data/b"))
    assert first != second


def test_a_sweep_is_found_by_the_same_command_however_it_is_ordered() -> None:
    jobs = [["loss=minimax", "seed=0"], ["loss=nonsaturating", "seed=0"]]
    name = sweep_name(jobs)
    assert re.fullmatch(r"loss-minimax-nonsaturating_[0-9a-f]{6}", name)
    assert sweep_name([["seed=0", "loss=minimax"], ["fresh=true", "seed=0", "loss=nonsaturating"]]) == name
    assert sweep_name([[*job, "updates=300"] for job in jobs]) != name
    assert sweep_name(jobs, "my first/../sweep").startswith("sweep.")
    assert sweep_name([[f"seed={seed}"] for seed in range(20)]).startswith("seed-0..19_")
    assert sweep_name([["experiment=k_steps", f"d_steps={k}"] for k in (1, 5)]).startswith("k_steps_d_steps-1-5_")
    assert len(sweep_name([[f"a={value}" * 9] for value in VALUES])) < 100


def test_the_jobs_of_a_sweep_that_grows_keep_their_names() -> None:
    one, two = ["name=a", "seed=0", "loss=hinge"], ["name=a", "seed=1", "loss=hinge"]
    (first,) = grown_names([one], {})
    assert first == "seed-0_loss-hinge"
    assert grown_names([one, two], {first: one}) == [first, "seed-1"]
    assert grown_names([one, two], {}) == job_names([one, two]) == ["seed-0", "seed-1"]
    longer = [*reversed(one), "updates=9", "logger=none", "evaluate_every=3"]
    assert grown_names([longer], {first: one}) == [first]


def test_a_new_job_is_named_by_what_makes_it_different_from_all_that_are_there() -> None:
    listed = {f"loss-{loss}": [f"loss={loss}", "name=a", "updates=9"] for loss in "ab"}
    more = [["loss=a", "k=2", "name=a"], ["loss=b", "k=2", "name=a"]]
    assert grown_names(more, listed) == ["loss-a_k-2", "loss-b_k-2"]
    assert grown_names([["loss=a", "k=2"], ["loss=a", "k=3"]], listed) == ["loss-a_k-2", "loss-a_k-3"]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "sweep" / "job")


def test_a_run_is_new_until_it_says_something(run: RunFolder) -> None:
    assert run.status().state == "new"
    assert (run.job, run.sweep) == ("job", "sweep")
    assert (run.metrics(), run.grids(), run.last_grid(), run.summary(), run.environment()) == ([], [], None, None, None)
    assert not run.exists()
    assert not run.path.exists()
    with pytest.raises(ValueError, match="not 'done'"):
        run.mark("done")


def test_a_running_run_whose_process_is_gone_counts_as_interrupted(run: RunFolder) -> None:
    run.mark("running", updates=5)
    assert (run.status().state, run.status().details) == ("running", {"updates": 5})
    code = "import sys; from saddle.runs.folder import RunFolder; RunFolder(sys.argv[1]).mark('running', updates=7)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    subprocess.run([sys.executable, "-c", code, str(run.path)], env=environment, check=True)
    status = run.status()
    assert (status.state, status.died, status.details) == ("interrupted", True, {"updates": 7})


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"born": "1"}, "interrupted"),  # the process id was given to another process
        ({"host": "elsewhere"}, "running"),
        ({"host": "elsewhere", "heartbeat": time.time() - SILENCE - 60}, "interrupted"),
        ({"host": "elsewhere", "heartbeat": time.time() + CLOCKS - 60}, "running"),  # its clock is fast
        ({"host": "elsewhere", "heartbeat": time.time() + 365 * 86400}, "interrupted"),
        ({"host": "elsewhere", "heartbeat": math.nan}, "interrupted"),
        ({"machine": "another", "pid": 1}, "running"),  # a container of the same name, whose processes are not seen
        ({"machine": "another", "heartbeat": time.time() - SILENCE - 60}, "interrupted"),
        ({"state": "failed", "error": "why"}, "failed"),
    ],
)
def test_what_counts_as_alive(run: RunFolder, change: dict[str, object], state: str) -> None:
    run.mark("running")
    path = run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert run.status().state == state


@pytest.mark.parametrize(
    "change", [{"pid": 2**40}, {"pid": -1}, {"pid": "1"}, {"state": ["running"]}, {"heartbeat": None}, {"host": 3}]
)
def test_a_status_of_other_types_is_refused_in_words(run: RunFolder, change: dict[str, object]) -> None:
    run.mark("running")
    path = run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=r"job: status\.json says .* changed by hand"):
        run.status()


def test_a_file_that_cannot_be_read_is_not_one_that_is_not_there(run: RunFolder) -> None:
    run.mark("failed")
    for name in ("config.yaml", "metrics.jsonl", "summary.json"):
        (run.path / name).symlink_to("not-fetched")
    assert run.exists()
    assert run.has_results()
    for read in (run.config, run.metrics, run.summary):
        with pytest.raises(OSError, match=r"cannot be read \(it is a link to a file that is not there\)"):
            read()


def test_a_process_that_ended_but_was_not_collected_is_dead(run: RunFolder) -> None:
    code = "import sys; from saddle.runs.folder import RunFolder; RunFolder(sys.argv[1]).mark('running')"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    child = subprocess.Popen([sys.executable, "-c", code, str(run.path)], env=environment)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table of processes
    state = run.status().state
    child.wait()
    assert state == "interrupted"


def test_heartbeats_are_rare_and_keep_the_details(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.mark("running", updates=5)
    first = run.status().heartbeat
    run.beat()
    assert run.status().heartbeat == first
    monkeypatch.setattr("saddle.runs.folder.HEARTBEAT", 0.0)
    run.beat()
    assert run.status().heartbeat > first
    assert run.status().details == {"updates": 5}


def test_a_run_that_is_broken_off_before_training_stands_as_before(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while torch is imported: a new run was interrupted, one that had finished has finished."""

    class Importing:
        def __getattr__(self, name: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "saddle.engine.session", Importing())
    monkeypatch.setattr(training, "thread_variables", lambda **_: {})
    cfg = DictConfig({"trainer": {"devices": 1, "num_nodes": 1}})
    monkeypatch.setattr(training, "claim_folder", lambda cfg, folder: folder.claim() or True)
    for found, then in (("new", "interrupted"), ("failed", "failed"), ("finished", "finished")):
        if found != "new":
            run.mark(found, updates=5)
        with pytest.raises(KeyboardInterrupt):
            training.carry_out(cfg, run)
        status = run.status()
        assert (status.state, status.died) == (then, False)
        assert status.details == ({} if found == "new" else {"updates": 5})
    run.claim()
    run.begin_training()
    run.interrupt()
    assert run.status().state == "interrupted"


def test_a_torn_last_line_is_neither_read_nor_continued(run: RunFolder) -> None:
    run.log(0, {"loss": 1.5})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"updates": 20, "lo')
    assert run.metrics() == [{"updates": 0, "loss": 1.5}]
    run.log(20, {"loss": float("inf"), "count": 3})
    assert run.metrics() == [{"updates": 0, "loss": 1.5}, {"updates": 20, "loss": float("inf"), "count": 3}]


def test_a_run_that_goes_on_forgets_what_lies_after_its_checkpoint(run: RunFolder) -> None:
    for updates in (0, 500, 1_000, 1_000_000):
        run.log(updates, {"loss": 1.0})
        run.save_grid(updates, Image.new("L", (2, 2)))
    assert run.last_grid() == run.path / "samples" / "1000000.png"
    run.rewind(500)
    assert [line["updates"] for line in run.metrics()] == [0, 500]
    assert [path.name for path in run.grids()] == ["000000.png", "000500.png"]


def test_a_file_is_replaced_whole_or_not_at_all(run: RunFolder) -> None:
    run.write_summary({"updates": 1})

    def fail(file: object) -> None:
        file.write(b'{"upda')  # type: ignore[attr-defined]  # of this object it is
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        replace_file(run.path / "summary.json", fail)
    assert run.summary() == {"updates": 1}
    assert [path.name for path in run.path.iterdir()] == ["summary.json"]


def test_a_run_is_moved_aside_where_no_job_can_be_mistaken_for_it(run: RunFolder) -> None:
    assert run.move_aside() is None
    for number in (1, 2):
        run.write_config("seed: 0\n")
        assert run.move_aside() == run.path.with_name(f"job.old{number}")
    run.write_config("seed: 0\n")
    assert [found.path for found in runs_of(run.path.parent)] == [run.path]


def test_runs_come_in_the_order_of_the_jobs_and_the_newest_sweep_is_the_one_written_last(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for place, sweep in enumerate(("b", "a")):
        for job in ("z", "m", "y"):
            RunFolder(root / sweep / job).mark("finished" if job == "z" else "failed")
        write_sweep(root / sweep, {"command": "", "jobs": [{"name": "z"}, {"name": "y"}, {"name": "not started"}]})
        os.utime(root / sweep / "sweep.json", ns=(place, place))
    assert newest_sweep(root) == root / "a"
    assert [run.job for run in runs_of(root / "a")] == ["z", "y", "m"]
    assert [run.job for run in finished_runs(root / "a")] == ["z"]
    assert find_run(root / "b" / "z").sweep == "b"
    wrong = {"b/zz": r"did you mean .*b/z\?", "b": "it contains the runs m, y, z", "none/x": "no folder"}
    for path, message in wrong.items():
        with pytest.raises(LookupError, match=message):
            find_run(root / path)
    with pytest.raises(LookupError, match="is one run, not a sweep"):
        runs_of(root / "b" / "z")
    (root / "a" / "sweep.json").write_text("{")
    with pytest.raises(ValueError, match=r"sweep\.json is not JSON .*changed by hand"):
        runs_of(root / "a")
    with pytest.raises(LookupError, match="make sweep"):
        newest_sweep(tmp_path / "empty")


def test_cores_are_those_of_the_container(tmp_path: Path) -> None:
    group = tmp_path / "fs" / "jobs" / "mine"
    group.mkdir(parents=True)
    (tmp_path / "own").write_text("0::/jobs/mine\n")
    free = cores(tmp_path / "fs", tmp_path / "own")
    (group / "cpu.max").write_text("max 100000\n")
    assert cores(tmp_path / "fs", tmp_path / "own") == free >= 1
    (group.parent / "cpu.max").write_text("150000 100000\n")  # of the group around it: one and a half cores
    assert cores(tmp_path / "fs", tmp_path / "own") == 1


def test_what_a_job_needs_besides_its_updates_counts_for_those_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun 30 s before its first update, 2 updates/s: 80 s a job, of which 25 are left of this, and two are to come.

    One that was gone on with from update 40 says the same.
    """
    from saddle.callbacks import progress

    clock = 1000.0
    monkeypatch.setattr(progress, "monotonic", lambda: clock)
    monkeypatch.setattr(progress, "time", lambda: clock + 7e8)
    place = SweepPosition(job=2, jobs=4, to_come=2, side_by_side=1, began=clock + 7e8 - 30)
    told = progress.Progress(
        updates=100, title="", position=place, measure=Measure(instruments=[], updates=100), names=[]
    )
    for first in (0, 40):
        told.first, told.started = first, 1000.0
        clock = 1000.0 + (50 - first) / 2
        assert told.state(50).rstrip() == "2.0/s  left 0:25, sweep 3:05"
        clock = 1000.0


def test_only_a_single_run_says_what_to_do_next(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write_summary({"updates": 5, "seconds": 1.0, "main_metric": None})
    assert "\nnext: python src/sample.py run=" in closing(run)  # of points, which have no FID
    run.write_summary({"updates": 5, "seconds": 1.0, "main_metric": None, "protocol": {"comparisons": []}})
    assert "\nnext: make fid RUN=" in closing(run)
    place = SweepPosition(job=1, jobs=2, to_come=1, side_by_side=1, began=0.0)
    for name, value in place.environment().items():
        monkeypatch.setenv(name, value)
    assert closing(run) == "done: 5 updates in 1 s"


def test_an_untrained_model_is_called_no_best_one(run: RunFolder) -> None:
    summary = {"updates": 500, "seconds": 1.0, "main_metric": "fd"}
    for updates, said in ((500, "fd 4 (best 2 at update 500)"), (0, "fd 4 (worse than before training, 2)")):
        run.write_summary({**summary, "metrics": {"fd": {"last": 4.0, "best": 2.0, "best_updates": updates}}})
        assert closing(run).startswith(f"done: 500 updates in 1 s; {said}\n")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("run=", "run= names no folder: run=runs/SWEEP/JOB"),
        (
            "run=x loss=hinge",
            "loss=hinge: run= resumes a run with the settings that it was started with, and takes only updates=, ",
        ),
        ("-m run=x", "-m: run= resumes a run"),
        ("run=x fresh=true", "fresh=true: run= resumes a run"),
        ("run=x update=9", "there is no argument update=; did you mean updates=?"),
        ("run=x updates=-5", "there is no folder x"),
    ],
)
def test_who_goes_on_with_a_run_is_told_what_can_be_set(
    typed: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refusal:
        train.resume(["src/train.py", *typed.split()])
    assert str(refusal.value).startswith(f"error: {message}")


def test_a_path_beside_the_one_that_is_meant_is_answered_with_what_is_near(run: RunFolder) -> None:
    run.write_config("seed: 0")
    with pytest.raises(LookupError, match=f"not a run's folder, but in one; did you mean {run.path}"):
        find_run(run.path / "config.yaml")
    with pytest.raises(LookupError, match=r"runs contains no run: .*; it contains the sweeps sweep"):
        runs_of(run.path.parents[1])


ALLOWED = {"sweep": "a sweep's folder", "run": "a run's folder"}


def test_arguments_take_any_path_and_nothing_counts_as_not_given() -> None:
    assert arguments(ALLOWED, ["compare.py", "sweep=/a b/=#(1),人/"]) == {"sweep": "/a b/=#(1),人/"}
    assert arguments(ALLOWED, ["compare.py", "sweep="]) == {}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["swep=x"], "there is no argument swep=; did you mean sweep=?"),
        (["runs/x"], "what is 'runs/x'? Arguments are written key=value: sweep=, run="),
        (["run=a", "run=b"], "run= is given twice"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(argv: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        arguments(ALLOWED, ["compare.py", *argv])
    assert str(refusal.value).startswith(f"error: {message}")
    assert "\n" not in str(refusal.value)


def test_help_names_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        arguments(ALLOWED, ["compare.py", "--help"], "Compares runs.")
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Compares runs.\n\npython compare.py [key=value ...]\n")
    assert all(f"{key}=" in shown and text in shown for key, text in ALLOWED.items())


def test_a_folder_that_cannot_be_made_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """`runs` is a file: Hydra makes the folder, and would print a trace."""

    def job() -> None:
        assert os.environ["HYDRA_FULL_ERROR"] == "1"
        raise FileExistsError(17, "File exists", "runs")

    monkeypatch.setattr(train, "job", job)
    monkeypatch.setenv("SADDLE_SWEEP", "1")
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    with pytest.raises(SystemExit, match="error: runs: File exists; move what is in the way"):
        train._hand_to_hydra()
