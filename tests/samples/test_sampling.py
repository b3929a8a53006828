"""A finished run's model again: the same samples, bit for bit, and nothing from a stranger's folder is trusted."""

import json
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from safetensors.torch import save_file

from codes import CodelessModel
from options import composed
from saddle.cli import sample
from saddle.engine.building import build_model
from saddle.engine.stored import stored_config
from saddle.runs.folder import RunFolder
from saddle.runs.messages import without_weights
from saddle.runs.weights import packed
from saddle.samples.archives import read_images, write_archive
from saddle.samples.latent_views import VIEWS
from saddle.samples.outputs import Output
from saddle.samples.sampling import Samples, load_model, write_samples


def untrained(path: Path, *settings: str) -> RunFolder:
    """A folder as a run leaves it, of an untrained network; beside it what that draws."""
    cfg = composed(*settings, "logger=none")
    model = build_model(cfg)
    folder = RunFolder(path)
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    folder.weights.path("last").parent.mkdir(parents=True)
    weights = {name: tensor.contiguous() for name, tensor in model.sampling_module().state_dict().items()}
    save_file(weights, folder.weights.path("last"))  # as Saddle 0.3 did, without updates and digest
    torch.save(model.sample(range(300), seed=0), path.parent / "expected.pt")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Of a DCGAN on digits."""
    return untrained(tmp_path / "run (1), 中文", "data=digits", "network=dcgan")


def test_the_same_samples_bit_for_bit(run: RunFolder) -> None:
    """The memory format decides about the last bit: a loaded model has that of the trained one."""
    expected = torch.load(run.path.parent / "expected.pt", weights_only=True)
    assert torch.equal(load_model(run, stored_config(run, files=False)).sample(range(300), seed=0), expected)


def write(run: RunFolder, out: Path, count: int, **changed: Any) -> Output:
    """As the command does."""
    output = Output(out)
    asked: dict[str, Any] = {"seed": None, "label": None, "threshold": None, **changed}
    write_samples(run, count=count, out=output, **asked)
    return output


def pictures(folder: Path) -> np.ndarray:
    """The pictures of a folder, uint8 [count, 32, 32]."""
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])


def test_samples_are_files(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "more" / "out"
    write(run, out, 3)
    assert sorted(path.name for path in out.iterdir()) == ["00000.png", "00001.png", "00002.png"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["out", "out.png"]


def test_a_sample_does_not_depend_on_how_many_are_drawn(run: RunFolder, tmp_path: Path) -> None:
    """Bit for bit, over the end of a batch; and up to rounding, in whatever batches."""
    few, many = write(run, tmp_path / "few", 10), write(run, tmp_path / "many", 70)
    assert np.array_equal(pictures(few.path), pictures(many.path)[:10])
    model = load_model(run, stored_config(run, files=False))
    samples = Samples(model, seed=0, label=None, threshold=None)
    expected = samples.first(70)
    assert torch.equal(expected[64:66], samples.first(66)[64:])
    assert torch.equal(expected[:64], model.sample(range(64), 0))
    torch.testing.assert_close(model.sample([69, 3], 0), expected[[69, 3]], rtol=0, atol=1e-5)
    assert not torch.allclose(Samples(model, seed=1, label=None, threshold=None).first(3), expected[:3])
    truncated = Samples(model, seed=0, label=None, threshold=0.5).first(3)
    assert truncated.shape == expected[:3].shape
    assert not torch.allclose(truncated, expected[:3])


def test_an_archive_holds_the_same_images_and_says_what_they_are(run: RunFolder, tmp_path: Path) -> None:
    folder, first = write(run, tmp_path / "folder", 70), write(run, tmp_path / "x.npz", 70)
    assert first.picture == tmp_path / "x.png"
    with np.load(first.path, allow_pickle=False) as stored:
        assert set(stored.files) == {"arr_0", "about"}
        assert stored["arr_0"].dtype == np.uint8
        assert stored["arr_0"].shape == (70, 32, 32, 1)
        assert np.array_equal(stored["arr_0"][..., 0], pictures(folder.path))
        about = json.loads(str(stored["about"]))
    assert about["seed"] == 0
    assert about["run"] == f"{run.sweep}/{run.job}"
    assert about["model"] == sha256(run.weights.path("last").read_bytes()).hexdigest()[:16]
    assert json.loads(Image.open(first.picture).text["saddle"]) == about  # type: ignore[attr-defined]  # of a PNG
    assert np.array_equal(read_images(first.path)[:, 0], pictures(folder.path))
    again = write(run, tmp_path / "y.npz", 70)
    assert again.path.read_bytes() == first.path.read_bytes()
    grid = write(run, tmp_path / "grid.png", 9)
    assert Image.open(grid.path).size == (3 * 66 + 2, 3 * 66 + 2)


def test_an_archive_is_written_batch_by_batch_as_numpy_writes_it(tmp_path: Path) -> None:
    whole = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    words = {"about": np.array("über"), "labels": np.arange(5)}
    with (tmp_path / "x.npz").open("wb") as file:
        write_archive(file, "points", iter([whole[:4], whole[4:]]), whole.shape, np.float32, words)
    with np.load(tmp_path / "x.npz", allow_pickle=False) as stored:
        assert np.array_equal(stored["points"], whole)
        assert str(stored["about"]) == "über"
        assert np.array_equal(stored["labels"], np.arange(5))


def test_points_are_numbers_and_one_chart(tmp_path: Path) -> None:
    run = untrained(tmp_path / "ring", "data=ring", "network=mlp")
    out = write(run, tmp_path / "x.npz", 100)
    with np.load(out.path, allow_pickle=False) as stored:
        assert stored["points"].dtype == np.float32
        assert stored["points"].shape == (100, 2)
    assert Image.open(out.picture).size == (600, 600)
    for given, words in ((["out=x"], "these samples are points: out=x.npz"), (["out=x.jpg"], "points")):
        with pytest.raises(SystemExit, match=words):
            sample.main(["sample.py", f"run={run.path}", *given])


def test_what_is_interrupted_leaves_nothing(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a folder nor a file nor a temporary one; an empty folder that was there stays empty."""
    place = tmp_path / "place"
    (place / "empty").mkdir(parents=True)

    def stop(*_: Any, **__: Any) -> Iterator[Any]:
        yield range(1), torch.zeros(1, 1, 32, 32)
        raise KeyboardInterrupt

    monkeypatch.setattr(Samples, "first", lambda self, count: torch.zeros(1, 1, 32, 32))
    monkeypatch.setattr(Samples, "batches", stop)
    for name in ("new", "empty", "x.npz"):
        with pytest.raises(SystemExit, match="interrupted: nothing half-written is left"):
            sample.main(["sample.py", f"run={run.path}", f"out={place / name}"])
    assert [path.name for path in place.iterdir()] == ["empty"]
    assert not any((place / "empty").iterdir())


def test_a_full_disk_is_one_line(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("saddle.samples.sampling.write_archive", full)
    with pytest.raises(SystemExit, match=r"^error: .*No space left on device"):
        sample.main(["sample.py", f"run={run.path}", f"out={tmp_path / 'x.npz'}"])
    assert not list(tmp_path.glob("*.npz*"))


def test_a_model_without_a_code_is_sampled_and_not_looked_into(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saddle.samples.sampling.build_model", lambda *_: CodelessModel())
    monkeypatch.setattr("saddle.runs.weights.Weights.load", lambda *_: {})
    assert not pictures(write(run, tmp_path / "out", 2).path)[0].max() > 128
    for arguments in (["draw=directions", "out=x.png"], ["truncation=0.5", "out=more"]):
        arguments[1] = f"out={tmp_path / arguments[1][4:]}"
        with pytest.raises(SystemExit, match=r"^error: (draw|truncation)=.*: this model has no latent code"):
            sample.main(["sample.py", f"run={run.path}", *arguments])


def test_a_look_into_the_code_is_a_picture_and_its_numbers(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("table.READ", "traversal.PRIOR", "truncation.MEASURED", "interpolation.PATHS"):
        monkeypatch.setattr(f"saddle.samples.codes.views.{name}", 64)
    out = tmp_path / "cut.png"
    command = ["sample.py", f"run={run.path}", "draw=truncation", "count=4", f"out={out}"]
    sample.main(command)
    numbers = json.loads((tmp_path / "cut.json").read_text())
    assert numbers["draw"] == "truncation"
    assert numbers["truncation"][0] == {"threshold": None, "variety": 1.0}
    assert Image.open(out).height > 7 * 66
    assert f"picture: {out}; numbers: {tmp_path / 'cut.json'}" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"^error: .*cut.png exists already: choose another out="):
        sample.main(command)
    assert set(VIEWS) == set(sample.VIEWS)


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
        run.weights.path("last").write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged or no safetensors file"):
            load_model(run, stored_config(run, files=False))
    run.save_weights("last", packed({"other": torch.zeros(1)}, 5))
    with pytest.raises(ValueError, match="does not fit"):
        load_model(run, stored_config(run, files=False))
    run.weights.path("last").unlink()
    with pytest.raises(LookupError, match="no weights"):
        load_model(run, stored_config(run, files=False))


def test_what_can_be_refused_at_once_is_refused_before_anything_heavy_is_imported(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("saddle.samples.sampling", "saddle.samples.latent_views"):
        monkeypatch.setitem(sys.modules, module, None)  # an import of it would now fail
    (tmp_path / "a.json").touch()
    (tmp_path / "file").touch()
    (tmp_path / "dir.npz").mkdir()
    for given, words in {
        f"out={tmp_path}": "is not an empty folder",
        f"out={run.weights.path('last')}": "is not an empty folder",
        f"out={tmp_path / 'x.jpg'}": r"samples go into a folder, out=DIR, or a file, out=x.npz or out=x.png",
        f"out={tmp_path / 'expected.pt'}": "samples go into a folder",
        f"out={tmp_path / 'dir.npz'}": "is a folder; a file that ends in .npz",
        f"out={tmp_path / 'file' / 'x.npz'}": "nothing can be written in .*file",
        f"draw=factors out={tmp_path / 'a.png'}": "a.json exists already: choose another out=",
        f"draw=factors out={tmp_path / 'a'}": "draw=factors is a picture, out=x.png",
        "draw=faces": "draw=faces: it takes samples, plane, interpolation, dimensions, directions, factors, truncation",
        f"count=5000 out={tmp_path / 'b.png'}": "count=5000: one picture shows 2,500 at most",
        "count=0": "count=0 takes a whole number above 0",
        "truncation=-1": "truncation=-1 takes a number above 0",
        "truncation=nan": "truncation=nan takes a number above 0",
        "label=3": "has no classes: its model was trained with labels=false",
    }.items():
        with pytest.raises(SystemExit, match=f"^error: .*{words}"):
            sample.main(["sample.py", f"run={run.path}", *re.split(" (?=out=)", given)])
    run.weights.path("last").unlink()
    with pytest.raises(SystemExit, match=r"^error: .* has no weights: it is .*; train it to its end"):
        sample.main(["sample.py", f"run={run.path}", f"out={tmp_path / 'out'}"])
    with pytest.raises(SystemExit, match=r"^error: there is no folder .*nowhere"):
        sample.main(["sample.py", f"run={tmp_path / 'nowhere'}"])


def test_a_run_that_has_not_ended_says_how_to_end_it(run: RunFolder) -> None:
    run.weights.path("last").unlink()
    (run.checkpoints / "last.ckpt").touch()
    run.mark("interrupted", updates=1200)
    assert without_weights(run).endswith(
        f"it is interrupted after 1,200 updates; train it to its end: python src/train.py run='{run.path}'"
    )
    run.mark("running", updates=40)
    assert "it is running after 40 updates; wait for its first checkpoint, its grids so far are in" in without_weights(
        run
    )
    run.mark("failed", error="DivergedError: loss is nan\nmore")
    assert without_weights(run).endswith("it is failed (DivergedError: loss is nan)")
