"""The main command as a person runs it: a tiny sweep of the two losses, its folders and W&B files read back."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from PIL import Image
from wandb.cli.cli import cli

PROJECT = Path(__file__).resolve().parents[2]
TINY = [
    "data=digits",
    "network=mlp",
    "updates=6",
    "log_every=2",
    "sample_every=3",
    "evaluate_every=3",
    "evaluate_images=50",
    "sample_images=9",
]
ENVIRONMENT = {**os.environ, "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python src/ARGUMENTS` with `folder` as the current directory."""
    entry, *rest = arguments
    return subprocess.run(
        [sys.executable, str(PROJECT / "src" / entry), *rest],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a finished sweep, in a directory that is not the project's, and what the command printed."""
    here = tmp_path_factory.mktemp("a place (1), with = and 中文")
    done = command(here, "train.py", "-m", "loss=minimax,nonsaturating", *TINY, "hydra.launcher.jobs=2")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = [path.parent for path in (here / "runs").glob("*/sweep.json")]
    return folder, done.stdout


JOBS = ["loss-minimax", "loss-nonsaturating"]


def test_the_sweep_ends_with_a_comparison(sweep: tuple[Path, str]) -> None:
    folder, printed = sweep
    assert all(f"\n[{number}/2] done: 6 updates" in printed for number in (1, 2))  # whole lines of both
    table = printed[printed.rindex(" of 2 finished") :]
    assert all(job in table for job in JOBS)
    assert "fd_digits" in table
    assert "make fid" in table
    assert Image.open(folder / "compare" / "figures" / "overview.png").size[0] > 500
    assert "loss-minimax" in (folder / "compare" / "index.html").read_text()


@pytest.mark.parametrize("job", JOBS)
def test_a_run_folder_is_whole(sweep: tuple[Path, str], job: str) -> None:
    folder = sweep[0] / job
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["updates"] for line in lines if "loss_discriminator" in line] == [2, 4, 6]
    assert [line["updates"] for line in lines if "fd_digits" in line] == [0, 3, 6]
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["000000.png", "000003.png", "000006.png"]
    assert Image.open(folder / "real.png").size == Image.open(folder / "samples" / "000000.png").size
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["updates"] == 6
    assert summary["images_seen"] == 6 * 64
    assert summary["metrics"]["fd_digits"]["last"] == lines[-1]["fd_digits"]
    assert json.loads((folder / "status.json").read_text())["state"] == "finished"
    assert json.loads((folder / "environment.json").read_text())["threads"] == 1
    config = (folder / "config.yaml").read_text()
    assert "precision: auto" not in config
    assert "${" not in config


def test_each_job_is_a_wandb_run_of_its_own(sweep: tuple[Path, str], capfd: pytest.CaptureFixture[str]) -> None:
    """Numbers and grid of one evaluation stand in one row; group, name and the resolved configuration are there."""
    ids = set()
    for job in JOBS:
        (file,) = (sweep[0] / job / "wandb").glob("offline-run-*/*.wandb")
        records = _inspect(file, capfd)
        (run,) = (record["run"] for record in records if record["type"] == "run")
        ids.add(run["run_id"])
        assert run["run_group"] == sweep[0].name
        assert run["display_name"] == job
        rows = [record["history"]["item"] for record in records if record["type"] == "history"]
        evaluations = [row for row in rows if "fd_digits" in row]
        assert [row["updates"] for row in evaluations] == [0, 3, 6]
        assert all("samples.path" in row for row in evaluations)
    assert len(ids) == 2


def _inspect(file: Path, capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What `wandb leet inspect --json` prints: one record a line."""
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        with pytest.raises(SystemExit, match="0"):
            cli.main(["leet", "inspect", "--json", str(file.parent)])
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_evaluation_afterwards_gives_the_same_numbers(
    sweep: tuple[Path, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """They are in the run folder, and in W&B as a run of its own in the same group."""
    folder = sweep[0]
    done = command(folder.parents[1], "evaluate.py", "extractor=none")
    assert done.returncode == 0, done.stderr
    for job in JOBS:
        last = json.loads((folder / job / "summary.json").read_text())["metrics"]
        again = json.loads((folder / job / "evaluation.json").read_text())["evaluations"][-1]["metrics"]
        assert {name: value["last"] for name, value in last.items()} == again
        assert job in done.stdout
        assert Image.open(folder / job / "nearest.png").size[0] > 500
        files = sorted((folder / job / "wandb").glob("offline-run-*/*.wandb"), key=lambda file: file.stat().st_mtime)
        assert len(files) == 2
        records = _inspect(files[-1], capfd)
        (run,) = (record["run"] for record in records if record["type"] == "run")
        assert (run["job_type"], run["run_group"], run["display_name"]) == ("evaluation", folder.name, job)
        (row,) = (record["history"]["item"] for record in records if record["type"] == "history")
        assert row["fd_digits"] == again["fd_digits"]
        assert row["updates"] == 6
        assert "nearest.path" in row


def test_the_same_sweep_again_starts_nothing(sweep: tuple[Path, str]) -> None:
    """Nor with another way to run it, or another key for what to repeat."""
    again = command(
        sweep[0].parents[1], "train.py", "-m", "loss=minimax,nonsaturating", *TINY, "sweep.retry_failed=true"
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("(finished before)") == 2
    assert "Job 1" not in again.stdout
    assert [path.parent for path in sweep[0].parent.glob("*/sweep.json")] == [sweep[0]]


def test_a_sweep_that_torchrun_starts_many_times_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setitem(ENVIRONMENT, name, value)
    done = command(tmp_path, "train.py", "-m", "seed=0,1", *TINY)
    assert done.returncode == 2
    assert "torchrun has started 2 processes, and each would be a sweep: leave -m out" in done.stderr
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


SCHEDULERS = {
    "torchrun": [],
    "srun": ["trainer.num_nodes=2", "trainer.devices=1"],
}
SLURM = {
    "SLURM_NTASKS": "2",
    "SLURM_NTASKS_PER_NODE": "1",
    "SLURM_NNODES": "2",
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_NAME": "saddle",
    "SLURM_NODELIST": "127.0.0.1",
    "SLURM_LOCALID": "0",
}


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_processes_that_somebody_else_starts_train_one_run(tmp_path: Path, scheduler: str) -> None:
    """torchrun really; of SLURM its variables, for two machines with a task each. Again, all hear that it is done."""
    own = ["trainer.accelerator=cpu", "trainer.precision=32-true", "logger=none", "hydra.run.dir=runs/one"]
    program = [str(PROJECT / "src/train.py"), *TINY, *own, "trainer.devices=2", *SCHEDULERS[scheduler]]
    if scheduler == "torchrun":
        launch = [
            "-m",
            "torch.distributed.run",
            "--nproc_per_node=2",
            f"--master_port={LightningEnvironment().main_port}",
        ]
        started: list[tuple[list[str], dict[str, str]]] = [([sys.executable, *launch, *program], {})]
    else:
        port = str(LightningEnvironment().main_port)
        ranks = [{**SLURM, "MASTER_PORT": port, "SLURM_PROCID": rank, "SLURM_NODEID": rank} for rank in ("0", "1")]
        started = [([sys.executable, *program], rank) for rank in ranks]
    for answer in ("done: 6 updates", "already finished"):
        processes = [
            subprocess.Popen(
                words,
                cwd=tmp_path,
                env={**ENVIRONMENT, **own},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for words, own in started
        ]
        said = [process.communicate(timeout=200) for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), said
        assert "".join(output for output, _ in said).count(answer) == 1
    summary = json.loads((tmp_path / "runs/one/summary.json").read_text())
    assert summary["images_seen"] == 6 * 64
    assert len((tmp_path / "runs/one/metrics.jsonl").read_text().splitlines()) == 5


def test_the_same_command_again_finds_its_runs_finished(sweep: tuple[Path, str]) -> None:
    folder = sweep[0]
    before = (folder / JOBS[0] / "metrics.jsonl").stat().st_mtime_ns
    done = command(folder.parents[1], "train.py", "loss=minimax", *TINY, f'hydra.run.dir="{folder / JOBS[0]}"')
    assert done.returncode == 0, done.stderr
    assert "already finished" in done.stdout
    assert (folder / JOBS[0] / "metrics.jsonl").stat().st_mtime_ns == before
    changed = command(
        folder.parents[1], "train.py", "loss=minimax", *TINY, "seed=1", f'hydra.run.dir="{folder / JOBS[0]}"'
    )
    assert changed.returncode == 2
    assert "seed: 0 -> 1" in changed.stderr
