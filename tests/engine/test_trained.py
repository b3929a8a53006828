"""A study reads runs that are there: which are meant, the whole of their state, the images in their grids."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from fake_runs import make_run, make_sweep
from options import composed
from saddle.data.pixels import grid
from saddle.engine.experiment import Experiment, trained
from saddle.models.fixed_code import FixedCode
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from saddle_studies.study import Study

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


def test_the_whole_state_of_a_run_is_there_again(tmp_path: Path) -> None:
    """The codes of the training images too, which nothing is sampled with."""
    cfg = composed("data=digits", "network=mlp", "resolution=8", "model=learned_code", "logger=none")
    experiment = Experiment(cfg)
    data, model = experiment.data, experiment.model
    assert isinstance(model, FixedCode)
    with torch.no_grad():
        model.table.mul_(0.5)
    run = RunFolder(tmp_path / "run")
    run.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    with pytest.raises(LookupError, match="no state yet"):
        trained(run)
    state = {"updates": 7, "model": model.state_dict(), "optimizers": [], "notes": {}, "facts": {}}
    Checkpoints(run.checkpoints).save(state)
    again = trained(run).model
    assert isinstance(again, FixedCode)
    assert again.updates == 7
    assert not again.training
    model.data = data
    assert torch.equal(again.codes_of(0, range(20)), model.codes_of(0, range(20)))
    assert torch.equal(again.sample(range(3), 0), model.sample(range(3), 0))


def test_a_study_takes_runs_that_are_named(tmp_path: Path) -> None:
    """One by one or a whole sweep, in whatever state; what is not there is said."""
    one = make_run(tmp_path / "one", ended="interrupted").path
    sweep = make_sweep(tmp_path / "sweep", ["minimax"], [0, 1])

    def named(text: str) -> list[Path]:
        argv = ["study.py", f"out={tmp_path / 'out'}", f"run={text}"]
        return [run.path for run in Study(str(EXPERIMENTS / "faces/study.py"), argv, "", own=("run",)).runs()]

    assert named(f"{one},{sweep}") == [one, sweep / "loss-minimax_seed-0", sweep / "loss-minimax_seed-1"]
    with pytest.raises(SystemExit, match="there is no folder"):
        named(f"{tmp_path / 'two'}")


@pytest.mark.parametrize("side", [8, 32, 64])
def test_the_images_of_a_grid_are_found_in_its_picture(side: int, tmp_path: Path) -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (16, 3, side, side), dtype=np.uint8))
    grid(images, 4).save(tmp_path / "grid.png")
    tiles = runpy.run_path(str(EXPERIMENTS / "faces/study.py"))["_tiles"](tmp_path / "grid.png", side)
    assert len(tiles) == 10
    for tile, image in zip(tiles, images, strict=False):
        factor = -(-64 // side)
        assert np.array_equal(np.asarray(tile)[::factor, ::factor].transpose(2, 0, 1), image.numpy())
