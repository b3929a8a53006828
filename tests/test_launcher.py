"""The launcher's promises, with jobs that do what they are told instead of training."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hydra_plugins.isolated._jobs import Jobs
from saddle import child as child_module
from saddle.child import Child, cause_of
from saddle.runs.place import Place
from saddle.runs.sweep import newest_sweep, read_sweep

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
SRC = Path(__file__).resolve().parents[1] / "src"

JOB = """
import json, os, signal, sys, time
sys.path.insert(0, {src!r})
from saddle.runs.folder import RunFolder
given = dict(argument.lstrip("+").split("=", 1) for argument in sys.argv[1:] if "=" in argument)
run = RunFolder(given["hydra.run.dir"].strip('"'))
if run.status().state == "finished":
    sys.exit(0)
told = {{key: os.environ[key] for key in os.environ if key.startswith(("SADDLE_JOB", "OMP_"))}}
run.write_environment({{"told": told, "arguments": sys.argv[1:]}})
run.mark("running", updates=7)
match given["do"]:
    case "finish":
        run.log(0, {{"fd_faces": 9.0}})
        metrics = {{"fd_faces": {{"last": 9.0, "best": 9.0, "best_updates": 0}}}}
        summary = {{"updates": 100, "seconds": 1.0, "main_metric": "fd_faces", "floor": 3.0}}
        run.write_summary(summary | {{"metrics": metrics, "wandb": "offline"}})
        run.mark("finished")
    case "raise":
        raise RuntimeError("the loss is NaN")
    case "confess":
        run.mark("failed", error="no such folder")
        sys.exit(1)
    case "die":
        os.kill(os.getpid(), signal.SIGKILL)
    case "leave":
        sys.exit(0)
    case "wait":
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            run.log(1, {{"interrupts": 1}})
            time.sleep(0.2)
            sys.exit(1)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: Patch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.py").write_text(JOB.format(src=str(SRC)))
    return [sys.executable, "-I", str(tmp_path / "job.py")]


def sweep(program: list[str], *does: str, fresh: bool = False) -> Jobs:
    overrides = [[f"do={do}", "seed=0"] for do in does]
    return Jobs(overrides=overrides, root=Path("runs"), name=None, fresh=fresh, program=program, flags=[])


def test_a_job_that_dies_leaves_the_others_alone_and_says_why(program: list[str], capfd: Capture) -> None:
    jobs = sweep(program, "raise", "die", "confess", "leave", "finish")
    assert jobs.run() == 1
    states = {job.run.job: job.run.status() for job in jobs.jobs}
    assert [status.state for status in states.values()] == ["failed"] * 4 + ["finished"]
    assert states["do-raise"].details["error"] == "RuntimeError: the loss is NaN"
    assert "SIGKILL" in states["do-die"].details["error"]
    assert states["do-confess"].details["error"] == "no such folder"
    assert "did not say that it finished" in states["do-leave"].details["error"]
    shown = capfd.readouterr()
    assert "Traceback" in shown.err  # a job's errors are shown as they come
    for cause in (
        "RuntimeError: the loss is NaN",
        "no such folder",
        "SIGKILL",
        "Job 5 of 5 finished",
        "make fid",
        "offline",
    ):
        assert cause in shown.out
    assert (jobs.folder / "comparison.png").stat().st_size > 10_000


def test_each_job_knows_its_place_its_threads_and_that_it_is_one_run(program: list[str], monkeypatch: Patch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    jobs = sweep(program, "finish", "leave")
    jobs.run()
    first, second = (job.run.environment() or {} for job in jobs.jobs)
    assert Place.current(first["told"]) == Place(job=1, jobs=2, to_come=1)
    assert Place.current(second["told"]) == Place(job=2, jobs=2, to_come=0)
    assert "OMP_NUM_THREADS" not in first["told"]  # a job shares the cores out among its own processes
    assert first["arguments"] == ["do=finish", "seed=0", "hydra.mode=RUN", f'hydra.run.dir="{jobs.folder}/do-finish"']
    assert Place.current({}) is None
    assert Place(job=2, jobs=4, to_come=2).left(own_left=10, own_whole=60) == 130


def test_the_same_command_finds_its_folders_and_finished_jobs_do_not_count_as_work(program: list[str]) -> None:
    assert sweep(program, "finish", "raise").run() == 1
    again = sweep(program, "finish", "raise")
    heartbeat = again.jobs[0].run.status().heartbeat
    assert again.run() == 1
    assert [job.state for job in again.jobs] == ["finished", "failed"]
    assert again.jobs[0].run.status().heartbeat == heartbeat
    stored = read_sweep(newest_sweep(Path("runs")))
    assert [job["name"] for job in stored["jobs"]] == ["do-finish", "do-raise"]
    assert stored["jobs"][0]["overrides"] == ["do=finish", "seed=0"]


def test_a_refused_job_does_not_spoil_the_finished_run_in_its_folder(program: list[str]) -> None:
    jobs = sweep([sys.executable, "-I", "-c", "raise SystemExit('seed differs')"], "finish", "leave")
    jobs.jobs[0].run.mark("finished")
    assert jobs.run() == 1
    assert jobs.jobs[0].run.status().state == "finished"
    assert (jobs.jobs[0].state, jobs.jobs[0].cause) == ("failed", "seed differs")


def test_an_interrupt_reaches_the_job_once_and_ends_the_sweep(program: list[str], capfd: Capture) -> None:
    jobs = sweep(program, "wait", "finish")

    def interrupt() -> None:
        while jobs.jobs[0].run.status().state != "running":
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt).start()
    assert jobs.run() == 130
    status = jobs.jobs[0].run.status()
    assert (status.state, status.died, status.details) == ("interrupted", False, {"updates": 7})
    assert jobs.jobs[0].run.metrics() == [{"updates": 1, "interrupts": 1}]
    assert not jobs.jobs[1].run.exists()
    table = capfd.readouterr().out
    assert "interrupted" in table
    assert "not started" in table


def test_a_job_that_ignores_an_interrupt_is_killed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(child_module, "PATIENCE", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    child = Child([sys.executable, "-I", "-c", deaf], {})
    time.sleep(0.2)
    assert child.stop() == -signal.SIGTERM


def test_last_words_are_the_newest_lines_without_the_traces_of_a_progress_bar() -> None:
    code = "import sys; sys.stderr.write('x' * 9000 + '\\n1%\\r2%\\r3%\\nValueError: no\\n'); sys.exit(3)"
    child = Child([sys.executable, "-I", "-c", code], {})
    assert child.wait() == 3
    assert child.last_words()[-2:] == ["3%", "ValueError: no"]
    assert cause_of(3, child.last_words()) == "ValueError: no"
    assert "without a message" in cause_of(1, [])


def test_on_a_terminal_a_job_may_draw_a_progress_bar(monkeypatch: Patch) -> None:
    ours, its = os.openpty()
    with os.fdopen(its, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        child = Child([sys.executable, "-I", "-c", "import sys; print(sys.stderr.isatty(), file=sys.stderr)"], {})
        assert child.wait() == 0
        assert child.last_words() == ["True"]
        assert os.read(ours, 100).strip() == b"True"
    os.close(ours)


STUDY = """
defaults: [_self_, {override hydra/launcher: isolated}]
name: null
fresh: false
seed: 0
note: x
hydra:
  mode: MULTIRUN
  output_subdir: null
  sweep: {dir: runs}
  sweeper: {params: {seed: "0,1"}}
"""

STUDY_PROGRAM = """
import sys, types
import hydra
from saddle.runs.folder import RunFolder
stub = types.ModuleType("saddle.config")
class ConfigError(Exception): pass
def check_jobs(jobs):
    if any("note=wrong" in job for job in jobs): raise ConfigError("note=wrong: there is no such note")
stub.ConfigError, stub.check_jobs = ConfigError, check_jobs
sys.modules["saddle.config"] = stub
@hydra.main(version_base="1.3", config_path="conf", config_name="study")
def main(cfg):
    run = RunFolder(hydra.core.hydra_config.HydraConfig.get().runtime.output_dir)
    run.write_config(str(cfg.seed))
    run.mark("finished")
    if cfg.seed == 1 and cfg.note == "exit": sys.exit(3)
main()
"""


def test_a_study_that_says_multirun_does_not_start_itself(tmp_path: Path) -> None:
    """Through Hydra itself, from another working directory: two jobs, each one run, and no stack trace."""
    here, home = tmp_path / "elsewhere", tmp_path / "人 (1)"
    (home / "conf").mkdir(parents=True)
    here.mkdir()
    (home / "conf" / "study.yaml").write_text(STUDY)
    (home / "study.py").write_text(STUDY_PROGRAM)

    def study(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(home / "study.py"), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(SRC)}
        return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=60)

    done = study("--config-name", "study", "hydra.verbose=false", "note=exit")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (folder,) = (here / "runs").iterdir()
    assert [(folder / job / "config.yaml").read_text() for job in ("seed-0", "seed-1")] == ["0", "1"]
    assert json.loads((folder / "sweep.json").read_text())["jobs"][1]["overrides"] == ["seed=1", "note=exit"]
    assert "exit code 3" in done.stdout

    refused = study("name=other", "note=wrong")
    assert (refused.returncode, refused.stderr) == (2, "error: note=wrong: there is no such note\n")
    assert not (here / "runs" / "other").exists()
