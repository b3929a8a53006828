"""The Python API: the same runs as the command's, refused in the same words."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from torch import Tensor

import saddle
from fake_runs import make_sweep
from options import composed
from saddle.cli.training import carry_out
from saddle.config.words import assigned
from saddle.losses.nonsaturating import NonSaturating
from saddle.models.gan import GAN
from saddle.runs.folder import RunFolder

SETTINGS = ["data=ring", "network=mlp", "logger=none", "trainer.precision=32-true"]
TINY: dict[str, Any] = {"updates": 6, "evaluate_every": 6, "evaluate_images": 50, "batch_size": 8}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_importing_it_is_cheap() -> None:
    """And so is a refusal: neither needs torch."""
    code = (
        "import sys, saddle\n"
        "assert {'torch', 'hydra', 'omegaconf'}.isdisjoint(sys.modules)\n"
        "assert saddle.__version__.count('.') >= 2\n"
        "try: saddle.compose('loss=minimx')\n"
        "except saddle.ConfigError as error: print(error)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "loss=minimx: there is no such option; did you mean minimax?\n"


def test_every_public_name_is_there() -> None:
    assert all(getattr(saddle, name) for name in saddle.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = saddle.nothing


def test_a_run_is_that_of_the_command() -> None:
    experiment = saddle.compose(*SETTINGS, **TINY)
    assert isinstance(experiment.model, GAN)
    assert experiment.evaluator is experiment.evaluator
    run = experiment.run()
    folder = RunFolder("command")
    settings = [f"{key}={value}" for key, value in TINY.items()]
    assert carry_out(composed(*SETTINGS, *settings), folder) == 0
    assert run.folder.weights.path("last").read_bytes() == folder.weights.path("last").read_bytes()
    assert run.folder.config() == folder.config()
    assert run.path.name == "_".join(word.replace("=", "-") for word in (*SETTINGS, *settings))
    assert run.metrics["updates"] == [line["updates"] for line in folder.metrics()]
    assert run.summary["updates"] == 6
    assert run.metrics["jsd_smoothed"][0] != run.metrics["jsd_smoothed"][-1]

    codes = run.prior(3, seed=1)
    torch.testing.assert_close(run.decode(codes), run.sample(3, seed=1))  # drawn in larger batches
    assert torch.equal(run.sample(2, seed=1), run.sample(3, seed=1)[:2])
    assert torch.equal(run.generator(codes), run.decode(codes))  # the averaged network

    heartbeat = run.folder.status().heartbeat
    assert experiment.run().folder.status().heartbeat == heartbeat  # it was finished
    loaded = saddle.load(run.path)
    assert isinstance(loaded, saddle.Run)
    assert loaded.config == run.config
    longer = saddle.train(*SETTINGS, **{**TINY, "updates": 8, "name": "longer"})
    assert longer.summary["updates"] == 8


def test_a_run_that_ends_early_is_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the words of the command; the same call resumes it."""
    experiment = saddle.compose(*SETTINGS, **TINY, name="one")
    step = GAN.generator_step

    def interrupted(self: GAN, number: int) -> dict[str, Tensor]:
        self.interrupted = number == 2
        return step(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(GAN, "generator_step", interrupted)
        with pytest.raises(saddle.RunInterrupted, match=r"interrupted: runs/single/one; .* resumes it"):
            experiment.run()
    other = saddle.compose(*SETTINGS, **TINY, name="one", seed=1)
    with pytest.raises(saddle.RunRefusedError, match="seed: 0 -> 1"):
        other.run()
    with monkeypatch.context() as patch:
        patch.setattr(NonSaturating, "generator_term", lambda self, real, fake: fake.mean() * torch.nan)
        with pytest.raises(saddle.RunFailedError, match=r"not finite in update(.|\n)*failed: runs/single/one"):
            experiment.run()
    run = experiment.run()
    assert run.status == "finished"
    with pytest.raises(saddle.RunRefusedError, match=r"trainer.devices=2: .*python src/train.py"):
        saddle.train(*SETTINGS, "trainer.devices=2", **TINY)


def test_what_is_no_single_run_is_refused() -> None:
    with pytest.raises(saddle.ConfigError, match="loss=minimax,hinge: one run for each of these values"):
        saddle.compose("loss=minimax,hinge")
    with pytest.raises(saddle.ConfigError, match="experiment=losses is a sweep"):
        saddle.compose("experiment=losses")


def test_a_sweep_is_loaded_and_compared() -> None:
    sweep = saddle.load(make_sweep(Path("runs/sweep"), ["minimax", "hinge"], [0, 1]))
    assert isinstance(sweep, saddle.Sweep)
    assert [run.path.name for run in sweep.runs][:2] == ["loss-minimax_seed-0", "loss-minimax_seed-1"]
    assert "loss-hinge_seed-1" in sweep.table()
    assert [setting.name for setting in sweep.compare().settings] == ["loss-minimax", "loss-hinge"]
    assert sweep.compare("loss-hinge").baseline == "loss-hinge"
    with pytest.raises(LookupError, match=r"there is no folder runs/swep; did you mean runs/sweep\?"):
        saddle.load("runs/swep")


def test_a_data_frame_has_the_updates_as_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module stands for pandas, which the project does not need."""

    class DataFrame(dict[str, list[float]]):
        def set_index(self, key: str) -> tuple[list[float], dict[str, list[float]]]:
            return self.pop(key), self

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=DataFrame))
    make_sweep(Path("runs/sweep"), ["minimax"], [0])
    run = saddle.load("runs/sweep/loss-minimax_seed-0")
    assert isinstance(run, saddle.Run)
    index, columns = run.data_frame()
    assert index == run.metrics["updates"] == [50 * line for line in range(21)]
    assert columns["swd"][0] == 0.1


def test_what_a_notebook_gets_wrong_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message names the cause and what would be right."""
    make_sweep(Path("runs/sweep"), ["minimax"], [0])
    sweep, run = saddle.load("runs/sweep"), saddle.load("runs/sweep/loss-minimax_seed-0")
    assert isinstance(sweep, saddle.Sweep)
    assert isinstance(run, saddle.Run)
    assert [setting.name for setting in sweep.compare().settings] == ["loss-minimax"]  # of one run
    wrong: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (lambda: saddle.compose(["loss=hinge"]), saddle.ConfigError, r"unpack a list: compose\(\*overrides\)"),  # type: ignore[arg-type]
        (lambda: saddle.train(3), saddle.ConfigError, "3: an override is a string"),  # type: ignore[arg-type]
        (lambda: saddle.load(3), ValueError, "3: load takes the path"),  # type: ignore[arg-type]
        (lambda: saddle.load("runs/sweep/sweep.json"), LookupError, r"is a file; .* such as runs/sweep$"),
        (lambda: sweep.sample(4), AttributeError, r"runs/sweep is a sweep: .* \.runs\[0\]\.sample"),
        (lambda: run.compare(), AttributeError, r"is one run: compare belongs to .*saddle.load\('runs/sweep'\)"),
        (lambda: run.nothing, AttributeError, "has no attribute 'nothing'"),
        (lambda: run.sample(0), ValueError, "count=0"),
        (lambda: run.prior(2.5), ValueError, "count=2.5"),  # type: ignore[arg-type]
        (lambda: run.evaluate(extractors=("incpetion",)), saddle.ConfigError, r"incpetion: .*did you mean inception\?"),
        (lambda: run.evaluate(extractors="inception"), saddle.ConfigError, r"write \('inception',\)"),  # type: ignore[arg-type]
        (lambda: run.evaluate(images=0), ValueError, "images=0"),
    ]
    for call, kind, message in wrong:
        with pytest.raises(kind, match=message):
            call()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pandas; `metrics` holds the same"):
        run.data_frame()


VALUES = [None, True, 3, 1e-05, -0.5, "minimax", "true", "3", "a b,c", [1, "x y"], {"a": [None, 0.5]}, ""]


@pytest.mark.parametrize("value", VALUES)
def test_values_of_python_reach_the_configuration_as_they_are(value: Any) -> None:
    (override,) = OverridesParser.create().parse_overrides([assigned("key", value)])
    assert override.value() == value
