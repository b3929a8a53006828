"""A finished run's model again: the same samples, bit for bit, and nothing from a stranger's folder is trusted."""

import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file

import sample
from members import composed
from saddle.building import build_model
from saddle.runs.folder import RunFolder
from saddle.sampling import load_model, write_samples
from saddle.stored import stored_config


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A folder as a run leaves it, of an untrained DCGAN on digits."""
    cfg = composed("data=digits", "network=dcgan", "logger=none")
    model = build_model(cfg)
    folder = RunFolder(tmp_path / "run (1), 中文")
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    folder.weights.parent.mkdir(parents=True)
    save_file({name: tensor.contiguous() for name, tensor in model.drawn().state_dict().items()}, folder.weights)
    torch.save(model.sample(range(300), seed=0), tmp_path / "expected.pt")
    return folder


def test_the_same_samples_bit_for_bit(run: RunFolder) -> None:
    """The memory format decides about the last bit: a loaded model has that of the trained one."""
    expected = torch.load(run.path.parent / "expected.pt", weights_only=True)
    assert torch.equal(load_model(run, stored_config(run, files=False)).sample(range(300), seed=0), expected)


def test_samples_are_files(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_samples(run, count=3, seed=None, label=None, out=out)
    assert sorted(path.name for path in out.iterdir()) == ["00000.png", "00001.png", "00002.png"]
    assert (tmp_path / "out.png").is_file()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data._target_", "os.system"),
        ("data._target_", "saddle.callbacks.wandb.Wandb"),
        ("data._target_", "pytorch_lightning.demos.mnist_datamodule._MNIST"),
        ("network.generator._target_", "builtins.eval"),
        ("name", "${oc.env:HOME}"),
    ],
)
def test_a_strangers_configuration_is_refused(run: RunFolder, path: str, value: str) -> None:
    cfg = OmegaConf.create(run.config())
    OmegaConf.update(cfg, path, value)
    run.write_config(OmegaConf.to_yaml(cfg))
    with pytest.raises(ValueError, match=r"refused|changed by hand"):
        stored_config(run, files=False)


def test_other_weights_are_refused(run: RunFolder) -> None:
    for damaged in (b"", b"\x80\x04nonsense" * 10):
        run.weights.write_bytes(damaged)
        with pytest.raises(ValueError, match="does not fit"):
            load_model(run, stored_config(run, files=False))
    run.weights.unlink()
    with pytest.raises(LookupError, match="no weights"):
        load_model(run, stored_config(run, files=False))


def test_what_can_be_refused_at_once_is_refused_before_anything_heavy_is_imported(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "saddle.sampling", None)  # an import of it would now fail
    for out in (tmp_path, run.weights):
        with pytest.raises(SystemExit) as refusal:
            sample.main(["sample.py", f"run={run.path}", f"out={out}"])
        assert str(refusal.value).startswith(f"error: out={out} is not an empty folder")
    run.weights.unlink()
    with pytest.raises(SystemExit, match=r"^error: .* has no weights: it is .*; train it to its end"):
        sample.main(["sample.py", f"run={run.path}", f"out={tmp_path / 'out'}"])
    with pytest.raises(SystemExit, match=r"^error: count=0 takes a whole number above 0"):
        sample.main(["sample.py", f"run={run.path}", "count=0"])
