"""The launcher's promises, with jobs that do what they are told instead of training."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from omegaconf import DictConfig

from hydra_plugins.isolated._job import REFUSED, Job
from hydra_plugins.isolated._jobs import Jobs, _signals_interrupt
from hydra_plugins.isolated._processes import Processes, share_of_devices, visible_devices
from hydra_plugins.isolated._queue import Queue
from hydra_plugins.isolated.submitted import SubmittedLauncher
from saddle.config.keys import CONF
from saddle.processes import job_process as child_module
from saddle.processes.job_process import JobProcess, cause_of
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import jobs_of, newest_sweep, read_sweep
from saddle.runs.sweep_position import SweepPosition, received

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
SRC = Path(__file__).resolve().parents[2] / "src"

JOB = """
import json, os, signal, sys, time
sys.path.insert(0, {src!r})
from saddle.runs.folder import RunFolder
given = dict(argument.lstrip("+").split("=", 1) for argument in sys.argv[1:] if "=" in argument)
run = RunFolder(given["hydra.run.dir"].strip('"'))
if run.status().state == "finished":
    sys.exit(0)
told = {{key: os.environ[key] for key in os.environ if key.startswith(("SADDLE_", "OMP_", "CUDA_"))}}
run.write_environment({{"told": told, "arguments": sys.argv[1:], "commit": "0123456789", "times": [time.time(), 0]}})
run.write_config(f"{{'seed'}}: {{given['seed']}}")
run.mark("running", updates=7)
match given["do"]:
    case "finish":
        run.log(0, {{"fd_faces": 9.0}})
        metrics = {{"fd_faces": {{"last": 9.0, "best": 9.0, "best_updates": 0}}}}
        summary = {{"updates": 100, "seconds": 1.0, "main_metric": "fd_faces", "floor": 3.0}}
        summary["protocol"] = {{"comparisons": []}}
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
    case "meet":
        print("half a", end="", flush=True)
        print("1%\\r2%", end="", file=sys.stderr, flush=True)
        time.sleep(0.5)
        print(" line")
    case "patient":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
        if len(run.metrics()) < 1:
            run.log(7, {{"parts": 1}})
            run.mark("interrupted", updates=7)
            time.sleep(60)
        run.mark("finished")
    case "wait":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
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


def sweep(
    program: list[str],
    *does: str,
    fresh: bool = False,
    retry_failed: bool = False,
    seed: int = 0,
    name: str = "sweep",
) -> Jobs:
    return Jobs(
        overrides=[[f"do={do}", f"seed={seed}"] for do in does],
        configs=[DictConfig({"seed": seed, "trainer": {"devices": 1, "num_nodes": 1, "accelerator": "cpu"}})]
        * len(does),
        root=Path("runs"),
        name=name,
        fresh=fresh,
        retry_failed=retry_failed,
        program=program,
        flags=[],
        hands_over=True,
    )


def one_by_one() -> Processes:
    return Processes(jobs=1, prepared=False)


def test_a_job_that_dies_leaves_the_others_alone_and_says_why(program: list[str], capfd: Capture) -> None:
    jobs = sweep(program, "raise", "die", "confess", "leave", "finish")
    assert jobs.run(one_by_one()) == 1
    states = {job.run.job: job.run.status() for job in jobs.jobs}
    assert [status.state for status in states.values()] == ["failed"] * 4 + ["finished"]
    assert states["do-raise"].details["error"] == "RuntimeError: the loss is NaN"
    assert "SIGKILL" in states["do-die"].details["error"]
    assert states["do-confess"].details["error"] == "no such folder"
    assert "did not report that it finished" in states["do-leave"].details["error"]
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
    assert shown.out.count("RuntimeError: the loss is NaN") == shown.out.count("no such folder") == 1
    assert (jobs.folder / "compare" / "index.html").stat().st_size > 10_000


def test_each_job_knows_its_place_its_threads_and_that_it_is_one_run(program: list[str], monkeypatch: Patch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    jobs = sweep(program, "finish", "leave")
    jobs.run(one_by_one())
    first, second = (job.run.environment() or {} for job in jobs.jobs)
    places = [SweepPosition.current(environment["told"]) for environment in (first, second)]
    assert [place and (place.job, place.jobs, place.to_come, place.side_by_side) for place in places] == [
        (1, 2, 1, 1),
        (2, 2, 0, 1),
    ]
    for place, environment in zip(places, (first, second), strict=True):
        assert place
        assert 0 <= environment["times"][0] - place.began < 30  # of the same clock, and no other's start
        assert SweepPosition.current(place.environment()) == place
    assert "OMP_NUM_THREADS" not in first["told"]  # a job shares the cores out among its own processes
    assert first["arguments"] == ["do=finish", "seed=0", "hydra.mode=RUN", f'hydra.run.dir="{jobs.folder}/do-finish"']
    assert SweepPosition.current({}) is None


def test_a_job_is_handed_its_configuration_once(program: list[str], monkeypatch: Patch) -> None:
    """What the launcher has checked is not composed again; a process that the job starts is a command of its own."""
    jobs = sweep(program, "finish", seed=3)
    jobs.run(one_by_one())
    told = (jobs.jobs[0].run.environment() or {})["told"]
    monkeypatch.setenv("SADDLE_JOB_CONFIG", told["SADDLE_JOB_CONFIG"])
    monkeypatch.setattr(sys, "argv", ["train.py", "hydra.mode=RUN"])
    handed = received()
    assert handed is not None
    assert (handed[0], handed[1].path) == (jobs.jobs[0].cfg, jobs.jobs[0].run.path.absolute())
    assert received() is None
    monkeypatch.setenv("SADDLE_JOB_CONFIG", told["SADDLE_JOB_CONFIG"])
    monkeypatch.setattr(sys, "argv", ["train.py", "--help"])  # set by hand, it replaces no other command
    assert received() is None


def test_the_same_command_finds_its_folders_and_finished_jobs_do_not_count_as_work(program: list[str]) -> None:
    assert sweep(program, "finish", "raise").run(one_by_one()) == 1
    again = sweep(program, "finish", "raise")
    heartbeat = again.jobs[0].run.status().heartbeat
    assert again.run(one_by_one()) == 1
    assert [job.state for job in again.jobs] == ["finished", "failed"]
    assert again.jobs[0].run.status().heartbeat == heartbeat
    stored = read_sweep(newest_sweep(Path("runs")))
    assert [job["name"] for job in stored["jobs"]] == ["do-finish", "do-raise"]
    assert stored["jobs"][0]["overrides"] == ["do=finish", "seed=0"]


def test_a_sweep_with_a_name_grows_by_whatever_keys(program: list[str], capfd: Capture) -> None:
    """What is there stays listed, first, and in the comparison; a job that is there is found under the name it has."""
    assert sweep(program, "finish").run(one_by_one()) == 0
    capfd.readouterr()
    other = sweep(program, "confess", "leave", seed=1)
    assert other.run(one_by_one()) == 1
    listed = ["do-finish_seed-0", "do-confess_seed-1", "do-leave_seed-1"]
    assert list(jobs_of(other.folder)) == listed
    shown = capfd.readouterr().out
    assert "  and 1 of earlier commands, which the comparison includes\n" in shown
    table = shown[shown.rindex(" of 2 failed") :]
    assert [re.search(rf"^{job} +(\w+)", table, re.MULTILINE)[1] for job in listed] == ["finished", "failed", "failed"]  # type: ignore[index]  # it matches
    assert "do-finish_seed-0" in (other.folder / "compare" / "index.html").read_text()
    again = sweep(program, "finish", "die")
    assert [(job.run.job, job.state) for job in again.jobs] == [
        ("do-finish_seed-0", "finished"),
        ("do-die_seed-0", "not started"),
    ]
    again.run(one_by_one())
    assert list(jobs_of(other.folder)) == [*listed, "do-die_seed-0"]


def test_a_command_that_does_not_fit_a_named_sweep_is_refused_before_anything_is_stored(
    program: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sweep(program, "finish")
    first.run(one_by_one())
    before = jobs_of(first.folder)
    monkeypatch.setattr("hydra_plugins.isolated._jobs.mismatch", lambda cfg, run: f"{run.job} holds another run")
    with pytest.raises(ValueError, match="do-die holds another run"):
        sweep(program, "die", "finish")
    assert jobs_of(first.folder) == before
    sweep(program, "die", fresh=True)


def test_jobs_that_failed_are_skipped_with_their_cause_until_they_are_asked_for(
    program: list[str], capfd: Capture
) -> None:
    assert sweep(program, "raise", "die").run(one_by_one()) == 1
    heartbeats = [job.run.status().heartbeat for job in sweep(program, "raise", "die").jobs]
    capfd.readouterr()
    again = sweep(program, "raise", "die")
    assert again.run(one_by_one()) == 1
    assert [job.run.status().heartbeat for job in again.jobs] == heartbeats
    shown = capfd.readouterr().out
    assert "  1  do-raise  (failed before)\n" in shown
    assert shown.count("do-raise failed: RuntimeError: the loss is NaN") == shown.count("the loss is NaN") == 1
    assert shown.count("sweep.retry_failed=true") == 1
    assert "Job 1 of 2" not in shown
    assert "2 of 2 runs were trained with other code: commit 0123456" in shown
    repeated = sweep(program, "raise", "die", retry_failed=True)
    assert repeated.folder == again.folder
    assert repeated.run(one_by_one()) == 1
    assert all(job.run.status().heartbeat > then for job, then in zip(repeated.jobs, heartbeats, strict=True))


def test_a_sweep_is_not_mixed_with_single_runs(program: list[str]) -> None:
    with pytest.raises(ValueError, match="name=Single: runs/Single is the folder of single runs; choose another name"):
        sweep(program, "finish", name="Single")


def test_jobs_that_failed_for_one_reason_are_named_together(program: list[str], capfd: Capture) -> None:
    """Of a reason of many lines, such as files that give no image, the first: the run has all of them."""
    jobs = sweep(program, "confess", "confess")
    for job in jobs.jobs:
        job.run.mark("failed", error="2 files give no image:\n  a.png\n  b.png")
    assert sweep(program, "confess", "confess").run(one_by_one()) == 1
    first, second = (job.run.job for job in jobs.jobs)
    shown = capfd.readouterr().out
    assert f"{first}, {second} failed: 2 files give no image\n\n" in shown
    assert "a.png" not in shown


def test_a_job_with_other_settings_is_not_skipped(program: list[str]) -> None:
    """It is started, and says itself in what it differs from what is there."""
    sweep(program, "finish", "raise").run(one_by_one())
    assert [job.state for job in sweep(program, "finish", "raise").jobs] == ["finished", "failed"]
    assert [job.state for job in sweep(program, "finish", "raise", seed=1).jobs] == ["not started"] * 2
    assert [job.state for job in sweep(program, "finish", "raise", fresh=True).jobs] == ["not started"] * 2


def test_jobs_side_by_side_share_the_machine_and_show_whole_lines(
    program: list[str], capfd: Capture, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    jobs = sweep(program, "meet", "raise", "finish", "leave", "die")
    assert jobs.run(Processes(jobs=2, prepared=False)) == 1
    assert [job.state for job in jobs.jobs] == ["failed", "failed", "finished", "failed", "failed"]
    told = [(job.run.environment() or {})["told"] for job in jobs.jobs]
    places = [SweepPosition.current(environment) for environment in told]
    assert [place and (place.to_come, place.side_by_side) for place in places] == [
        (2, 2),
        (2, 2),
        (1, 2),
        (1, 2),
        (0, 2),
    ]
    assert {environment["CUDA_VISIBLE_DEVICES"] for environment in told} == {"4", "7"}
    assert told[0]["CUDA_VISIBLE_DEVICES"] != told[1]["CUDA_VISIBLE_DEVICES"]
    shown = capfd.readouterr()
    assert "[1/5] half a line\n" in shown.out
    assert "[1/5] 2%\n" in shown.err
    assert "[2/5] RuntimeError: the loss is NaN\n" in shown.err
    assert all(line.startswith("[") for line in shown.err.splitlines())
    assert shown.out.index("Job 2 of 5: do-raise") < shown.out.index("Job 2 of 5 failed")


def test_an_interrupt_reaches_all_jobs_side_by_side(program: list[str], capfd: Capture) -> None:
    jobs = sweep(program, "wait", "wait", "finish")

    threading.Thread(target=interrupt, args=(jobs.jobs[:2], signal.SIGINT)).start()
    assert jobs.run(Processes(jobs=2, prepared=False)) == 130
    assert [job.state for job in jobs.jobs] == ["interrupted", "interrupted", "not started"]
    assert [job.run.metrics() for job in jobs.jobs[:2]] == [[{"updates": 1, "interrupts": 1}]] * 2
    assert not jobs.jobs[2].run.exists()


def test_gpus_are_shared_out_evenly_or_in_turn() -> None:
    assert visible_devices({"CUDA_VISIBLE_DEVICES": "3,GPU-5,-1,6"}) == ["3", "GPU-5"]
    assert visible_devices({"CUDA_VISIBLE_DEVICES": ""}) == []
    shares = [share_of_devices(["0", "1", "2", "3"], slot, 2)["CUDA_VISIBLE_DEVICES"] for slot in range(2)]
    assert shares == ["0,1", "2,3"]
    assert [share_of_devices(["0", "1"], slot, 3)["CUDA_VISIBLE_DEVICES"] for slot in range(3)] == ["0", "1", "0"]
    assert share_of_devices([], 0, 2) == share_of_devices(["0"], 0, 1) == {}


def test_a_job_that_another_process_trains_is_not_touched(tmp_path: Path) -> None:
    """It was new when the sweep began; a second sweep of the same command was quicker."""
    run = RunFolder(tmp_path / "seed-0")
    job = Job(number=1, run=run, overrides=["seed=0"], cfg=DictConfig({}), before=run.status())
    run.mark("running")
    stored = (run.path / "status.json").read_text()
    job.record_result(REFUSED, ["error: it is being trained right now"])
    assert (job.state, job.cause) == ("running", "another process trains it right now")
    assert (run.path / "status.json").read_text() == stored


def test_a_status_that_cannot_be_read_costs_its_job_alone(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "seed-0")
    job = Job(number=1, run=run, overrides=["seed=0"], cfg=DictConfig({}), before=run.status())
    run.mark("finished")
    (run.path / "status.json").write_text("{")
    job.record_result(0, [])
    assert job.state == "failed"
    job.interrupt()


def test_a_refused_job_does_not_spoil_the_finished_run_in_its_folder(program: list[str]) -> None:
    run = RunFolder("runs/sweep/do-finish")
    run.mark("finished")
    run.write_config("seed: 5")
    jobs = sweep([sys.executable, "-I", "-c", "raise SystemExit('seed differs')"], "finish", "leave")
    assert jobs.run(one_by_one()) == 1
    assert jobs.jobs[0].run.status().state == "finished"
    assert (jobs.jobs[0].state, jobs.jobs[0].cause) == ("failed", "seed differs")


PARAMETERS = {"timeout_min": 1, "cpus_per_task": 1, "mem_gb": None, "slurm_partition": None}


def queue(jobs: Jobs, at_a_time: int = 2) -> Queue:
    folder = jobs.folder / "submitit"
    return Queue(
        cluster="local", folder=folder, jobs=at_a_time, parameters=PARAMETERS, gpus_per_node=None, max_timeouts=1
    )


def test_submitted_jobs_end_as_others_do(program: list[str], capfd: Capture) -> None:
    """With submitit's local executor: the same folders, states, causes and comparison; the logs lie in the sweep."""
    jobs = sweep(program, "finish", "confess", "die")
    assert jobs.run(queue(jobs)) == 1
    assert [job.state for job in jobs.jobs] == ["finished", "failed", "failed"]
    assert [job.cause for job in jobs.jobs[1:]] == ["no such folder", jobs.jobs[2].cause]
    assert "SIGKILL" in jobs.jobs[2].cause
    first = jobs.jobs[0].run.environment() or {}
    assert first["arguments"] == ["do=finish", "seed=0", "hydra.mode=RUN", f'hydra.run.dir="{jobs.folder}/do-finish"']
    place = SweepPosition.current(first["told"])
    assert place
    assert (place.job, place.jobs, place.to_come, place.side_by_side) == (1, 3, 1, 2)
    shown = capfd.readouterr().out
    assert "submitted with submitit (local)" in shown
    assert len(list((jobs.folder / "submitit").glob("*_log.out"))) == 3
    assert "Job 3 of 3 failed" in shown


def test_what_slurm_is_asked_for(program: list[str], tmp_path: Path, monkeypatch: Patch) -> None:
    """Read from the file that sbatch gets; a stand-in takes it."""
    for name in ("srun", "sbatch"):
        (tmp_path / name).write_text("#!/bin/sh\necho Submitted batch job 12\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    node = dict(yaml.safe_load((CONF / "hydra/launcher/submitit_slurm.yaml").read_text()), partition="gpu", mem_gb=8)
    del node["_target_"]
    executor = SubmittedLauncher(**{**node, "setup": ["module load cuda"]}).executor(tmp_path / "runs/sweep")
    trainer = {"devices": 4, "num_nodes": 2, "accelerator": "gpu"}
    place = SweepPosition(job=1, jobs=1, to_come=0, side_by_side=1, began=0.0)
    assert "submitted as 12, log " in executor.start(["python"], place, DictConfig({"trainer": trainer}), {})
    (file,) = (tmp_path / "runs/sweep/submitit").glob("*submission.sh")
    asked = file.read_text()
    wanted = (
        "nodes=2",
        "ntasks-per-node=4",
        "gpus-per-node=4",
        "partition=gpu",
        "time=240",
        "mem=8GB",
        "signal=USR2@90",
    )
    assert all(f"#SBATCH --{flag}\n" in asked for flag in wanted)
    assert "module load cuda" in asked
    assert "--kill-on-bad-exit=1" in asked


def test_a_submitted_job_whose_time_is_up_goes_on_in_the_queue(program: list[str]) -> None:
    jobs = sweep(program, "patient")
    executor = queue(jobs)
    executor.executor._executor.parameters["signal_delay_s"] = 55  # of the 60 that it may take
    assert jobs.run(executor) == 0
    assert jobs.jobs[0].state == "finished"
    assert jobs.jobs[0].run.metrics() == [{"updates": 7, "parts": 1}]


def test_an_interrupt_lets_submitted_jobs_store_where_they_stand(program: list[str]) -> None:
    jobs = sweep(program, "wait", "finish")
    threading.Thread(target=interrupt, args=(jobs.jobs[:1], signal.SIGINT)).start()
    assert jobs.run(queue(jobs, at_a_time=1)) == 130
    assert [job.state for job in jobs.jobs] == ["interrupted", "not started"]
    assert jobs.jobs[0].run.metrics() == [{"updates": 1, "interrupts": 1}]
    assert not jobs.jobs[1].run.exists()


def interrupt(jobs: list[Job], number: int) -> None:
    """Send this process the signal as soon as all `jobs` run; after 20 seconds anyway."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(job.run.status().state != "running" for job in jobs):
        time.sleep(0.02)
    os.kill(os.getpid(), number)


def test_an_interrupt_reaches_the_job_once_and_ends_the_sweep(program: list[str], capfd: Capture) -> None:
    jobs = sweep(program, "wait", "finish")

    threading.Thread(target=interrupt, args=(jobs.jobs[:1], signal.SIGTERM)).start()
    assert jobs.run(one_by_one()) == 130
    status = jobs.jobs[0].run.status()
    assert (status.state, status.died, status.details) == ("interrupted", False, {"updates": 7})
    assert jobs.jobs[0].run.metrics() == [{"updates": 1, "interrupts": 1}]
    assert not jobs.jobs[1].run.exists()
    table = capfd.readouterr().out
    assert "interrupted" in table
    assert "not started" in table


def test_a_job_that_ignores_an_interrupt_is_killed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(child_module, "TIMEOUT", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    child = JobProcess(child_module.program([sys.executable, "-I", "-c", deaf]), {})
    time.sleep(0.2)
    assert child.stop() == -signal.SIGTERM


def test_last_words_are_the_newest_lines_without_the_traces_of_a_progress_bar() -> None:
    code = "import sys; sys.stderr.write('x' * 9000 + '\\n1%\\r2%\\r3%\\nValueError: no\\n'); sys.exit(3)"
    child = JobProcess(child_module.program([sys.executable, "-I", "-c", code]), {})
    assert child.wait() == 3
    assert child.last_words()[-2:] == ["3%", "ValueError: no"]
    assert cause_of(3, child.last_words()) == "ValueError: no"
    assert "without a message" in cause_of(1, [])


def test_on_a_terminal_a_job_may_draw_a_progress_bar(monkeypatch: Patch) -> None:
    ours, its = os.openpty()
    with os.fdopen(its, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        code = "import sys; print(sys.stderr.isatty(), file=sys.stderr)"
        child = JobProcess(child_module.program([sys.executable, "-I", "-c", code]), {})
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
import hydra, saddle
from saddle.runs.folder import RunFolder
stub = types.ModuleType("saddle.config")
stub.__path__ = [saddle.__path__[0] + "/config"]  # of which the search path's plugin reads a module
class ConfigError(Exception): pass
def check_jobs(jobs):
    if any("note=wrong" in job for job in jobs): raise ConfigError("note=wrong: there is no such note")
    return [{"seed": job[0][-1]} for job in jobs]
stub.ConfigError, stub.check_jobs, stub.check, stub.hints = ConfigError, check_jobs, None, lambda cfg: []
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
        return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=180)

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


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_sweep_that_ignores_a_signal_goes_on(number: signal.Signals) -> None:
    """`nohup ... -m ... &`, and the terminal is closed: a single run goes on, and so does a sweep."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with _signals_interrupt():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
    with pytest.raises(KeyboardInterrupt), _signals_interrupt():
        signal.raise_signal(number)
