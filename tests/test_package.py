"""The wheel, installed where there is no checkout: `saddle train`, `evaluate`, `sample` and `compare` work there."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
TINY = ["data=digits", "network=mlp", "updates=2", "sample_every=2", "evaluate_every=2", "evaluate_images=20"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the build backend is missing: make setup installs it")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=PROJECT, check=True)
    (file,) = folder.glob("saddle_gan-*.whl")
    return file


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    """A top-level module `evaluate` would take the place of a library of that name."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"saddle", "hydra_plugins", "saddle_gan"}
    options = {str(path.relative_to(PROJECT)) for path in (PROJECT / "conf").rglob("*.yaml")}
    assert {f"saddle/{name}" for name in options} <= names
    assert {"saddle/report/costs.json", "saddle/metrics/weights/faces.safetensors"} <= names
    assert "saddle/report/templates/page.html" in names


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel; it sees what Saddle depends on, and not the checkout."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    purelib, binaries = (
        Path(sysconfig.get_path(name, "venv", {"base": str(place), "platbase": str(place)}))
        for name in ("purelib", "scripts")
    )
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(binaries / "python"), *install], check=True)
    dependencies = [path for path in sys.path if path.endswith("-packages")]
    (purelib / "dependencies.pth").write_text("\n".join(dependencies))  # their own .pth files do not count
    return binaries


@pytest.mark.slow
def test_the_four_commands_work_without_a_checkout(scripts: Path, tmp_path: Path) -> None:
    away = ("PYTHONPATH", "SADDLE_CACHE", "PYTHONHOME", "SADDLE_PACKAGES")
    environment = {key: value for key, value in os.environ.items() if key not in away}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}
    here = tmp_path / "empty"
    here.mkdir()

    def saddle(*words: str) -> str:
        command = [str(scripts / "saddle"), *words]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    trained = saddle("train", "-m", "seed=0,1", "name=both", *TINY, "logger=none")
    assert "Job 2 of 2 finished" in trained
    assert "saddle evaluate" in trained
    assert "src/" not in trained
    run = here / "runs/both/seed-0"
    stored = json.loads((run / "environment.json").read_text())
    assert (stored["commit"], stored["dirty"]) == (None, False)
    assert json.loads((run.parent / "sweep.json").read_text())["command"].startswith("saddle train -m seed=0,1")
    assert any((tmp_path / "cache/saddle").iterdir())
    assert "fd_digits" in saddle("evaluate", f"run={run}", "extractor=none", "images=20")
    saddle("sample", f"run={run}", "count=4", "out=new.png")
    assert (here / "new.png").stat().st_size > 100
    assert (run.parent / "compare/index.html").as_posix().endswith(saddle("compare").split()[-1])
