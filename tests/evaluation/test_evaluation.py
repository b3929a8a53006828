"""Evaluation as a person calls it: of finished runs, of folders, and of all that is not ready for it."""

import json
import shutil
import urllib.request
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from safetensors.torch import save_file

from hostile import PASSED_OVER, write_hostile
from options import composed
from pictures import Thumbnail, pictures
from saddle.cli import evaluate
from saddle.cli.training import carry_out as train
from saddle.config import check
from saddle.data.digits import Digits
from saddle.engine.building import build_data, build_model
from saddle.evaluation.extra_extractors import ExtraExtractors
from saddle.evaluation.finished import evaluate_run
from saddle.evaluation.folders import evaluate_folders
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.runs.folder import RunFolder

SETTINGS = ["data=digits", "network=mlp", "resolution=8", "evaluate_images=60", "logger=none"]
pytestmark = pytest.mark.filterwarnings("ignore:.* generated and .* real images")
NOBODY = ExtraExtractors(extractors=[], missing={"fid": "there are no weights"})


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory and a cache of its own; no network, and no weights on this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(urllib.request, "_opener", None)  # urllib would keep the proxies for the tests that follow
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def finished(name: str, *settings: str) -> RunFolder:
    """A folder as a run leaves it, of an untrained network on digits."""
    cfg = composed(*SETTINGS, *settings)
    folder = RunFolder(Path("runs/sweep") / name)
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    folder.write_summary({"updates": 7, "main_metric": "fd_digits", "metrics": {}})
    folder.weights.path("last").parent.mkdir(parents=True)
    state = build_model(cfg).sampling_module().state_dict()
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, folder.weights.path("last"))
    folder.mark("finished")
    (folder.path.parent / "sweep.json").write_text(json.dumps({"jobs": [{"name": name}]}))
    return folder


def call_network(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, Any]:
    """What the command prints, and how it ends: None, or what it exits with."""
    capsys.readouterr()
    try:
        evaluate.main(["src/evaluate.py", *arguments])
    except SystemExit as ended:
        return capsys.readouterr().out, ended.code
    return capsys.readouterr().out, None


def test_a_result_holds_numbers_protocol_and_neighbours() -> None:
    run = finished("one")
    result = evaluate_run(run, images=None, extra=NOBODY, fresh=False)
    (stored,) = run.evaluations()
    assert stored["metrics"] == result["metrics"]
    assert stored["missing"] == {"fid": "there are no weights"}
    assert stored["protocol"]["images_generated"] == 60
    assert stored["protocol"]["reference_split"] == "test"
    assert stored["updates"] == 7
    assert stored["nearest"]["samples"] > stored["nearest"]["held_out"] > 0  # an untrained network is no memory
    assert Image.open(run.nearest).size == (4 * ((8 + 1 + 8) * 8 + 10) + 10, 8 * (64 + 10) + 10 + 20)


def test_the_nearest_picture_finds_a_copy() -> None:
    """A model that repeats its training images is told by it: each pair shows one image twice, at distance 0."""
    from saddle.evaluation.memorised import memorised

    data = Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")

    class Copier:
        def sample(self, indices: range, seed: int) -> torch.Tensor:
            return data.train[np.arange(indices.start, indices.stop) * 7 % 1000].float() / 127.5 - 1

    found = memorised(Copier(), 0, data, Thumbnail())  # type: ignore[arg-type]  # all that is asked of a model
    assert found.numbers["samples"] == 0
    assert found.numbers["held_out"] > 0
    pixels = np.array(found.picture)
    left, right = pixels[30:94, 10:74], pixels[30:94, 82:146]
    assert np.array_equal(left, right)
    assert left.std() > 0


def test_the_same_evaluation_is_not_measured_twice(capsys: pytest.CaptureFixture[str]) -> None:
    run = finished("one")
    first = evaluate_run(run, images=None, extra=NOBODY, fresh=False)
    written = run.evaluation.stat().st_mtime_ns
    assert evaluate_run(run, images=None, extra=NOBODY, fresh=False)["metrics"] == first["metrics"]
    assert "fresh=true measures again" in capsys.readouterr().err
    assert run.evaluation.stat().st_mtime_ns == written
    extra = ExtraExtractors(extractors=[Thumbnail()], missing={})  # another protocol: measured
    assert "fd_thumbnail" in evaluate_run(run, images=None, extra=extra, fresh=False)["metrics"]
    evaluate_run(run, images=50, extra=NOBODY, fresh=False)
    counts = [one["protocol"]["images_generated"] for one in run.evaluations()]
    assert counts == [60, 60, 50]  # results under other protocols stay
    again = evaluate_run(run, images=None, extra=NOBODY, fresh=True)
    assert again["metrics"] == first["metrics"]


def test_a_deleted_cache_is_made_again() -> None:
    run = finished("one")
    first = evaluate_run(run, images=None, extra=NOBODY, fresh=False)
    shutil.rmtree("cache")
    assert evaluate_run(run, images=None, extra=NOBODY, fresh=True)["metrics"] == first["metrics"]


def test_the_command_says_what_was_measured_where_it_is_and_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("loss-minimax", "loss-nonsaturating"):
        finished(name)
    printed, code = call_network(capsys)
    assert code is None
    for words in (
        "60 generated against 60 real images",
        "loss-minimax",
        "loss-nonsaturating",
        "coverage_digits",
        "swd",
    ):
        assert words in printed
    assert "fid is not measured: the Inception network is not in" in " ".join(printed.split())
    assert "runs/sweep/loss-minimax/: evaluation.json, nearest.png" in printed
    assert 'make fid ARGS="extractor.weights=FILE"' in printed
    widest = max(map(len, printed[: printed.index("Where things are")].splitlines()))
    assert widest < 140


def test_before_any_run_and_on_what_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    _, code = call_network(capsys)
    assert "there is no sweep under" in code
    assert "make sweep" in code
    _, code = call_network(capsys, "run=runs/nothing")
    assert "there is no folder runs/nothing" in code


def test_on_a_failed_run(capsys: pytest.CaptureFixture[str]) -> None:
    run = finished("one")
    run.weights.path("last").unlink()
    run.mark("failed", error="ValueError: diverged")
    _, code = call_network(capsys)
    assert "no run of runs/sweep has finished yet: one (failed)" in code
    _, code = call_network(capsys, f"run={run.path}")
    assert "has no weights: it is failed (ValueError: diverged)" in code


def test_one_damaged_run_does_not_cost_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    finished("a")
    damaged = finished("b")
    damaged.weights.path("last").write_bytes(b"nonsense")
    (finished("c").path / "summary.json").write_text('{"updates": "many"}')
    (finished("d").path / "status.json").write_text("{")
    printed, code = call_network(capsys, "extractor=none")
    assert "a " in printed
    assert "c was not evaluated: " in code
    assert "summary.json: updates is of another type" in code
    assert "b was not evaluated" in code
    assert "is damaged or no safetensors file" in code


def test_on_a_run_of_another_version(capsys: pytest.CaptureFixture[str]) -> None:
    run = finished("one")
    cfg: Any = OmegaConf.create(run.config())
    del cfg["evaluator"]["metrics"]["prdc"]["density_neighbours"]
    run.write_config(OmegaConf.to_yaml(cfg))
    run.write_environment({"saddle": "0.1.0"})
    with pytest.raises(SystemExit, match=r"evaluator\.metrics\.prdc: PRDC needs density_neighbours; set \+evaluator"):
        evaluate.main(["src/evaluate.py", f"run={run.path}", "extractor=none"])
    assert "runs/sweep/one was made by Saddle 0.1.0, this is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run=a", "sweep=b"], "not both"),
        (["generated=a"], "belong together"),
        (["generated=a", "reference=b", "images=5"], "images= goes with runs only"),
        (["run=a", "resolution=32"], "resolution= goes with generated= and reference= only"),
        (["images=many"], "takes a whole number above 0"),
        (["fresh=yes"], "takes true or false"),
        (["extractor=inception,faces", "extractor.weights=x"], "is for one extractor"),
        (["extractor=incepton", "generated=.", "reference=."], "did you mean inception?"),
        (
            ["extractor=inception", "extractor.weights=no/such.pth", "generated=.", "reference=."],
            "no/such.pth: there is no such file",
        ),
        (["extractor=inception", "generated=.", "reference=."], "could not be fetched"),
        (["generated=a", "reference=b", "extractor=faces"], "there is no folder"),
    ],
)
def test_mistakes_are_answered_in_words(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, code = call_network(capsys, *arguments)
    assert words in str(code)


# Folder against folder


def write(folder: Path, images: torch.Tensor) -> Path:
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"{i:04}.png")
    return folder


def test_one_folder_against_another(capsys: pytest.CaptureFixture[str]) -> None:
    """Unequal numbers, as they are: the very pixels reach the extractor."""
    fake, real = pictures("fake", 40, 32), pictures("real", 60, 32)
    write(Path("my samples (1), 中文"), fake)
    write(Path("real"), real)
    arguments = ["generated=my samples (1), 中文", "reference=real"]
    printed, code = call_network(capsys, *arguments, "extractor=faces")
    assert code is None
    assert "40 generated against 60 real images" in printed
    assert "fd_faces" in printed
    result = evaluate_folders(
        Path("my samples (1), 中文"),
        Path("real"),
        resolution=None,
        corrupt="refuse",
        extra=ExtraExtractors([Thumbnail()], {}),
    )
    expected = frechet_distance(GaussianFit.fitted(Thumbnail()(real)), GaussianFit.fitted(Thumbnail()(fake)))
    assert result["metrics"]["fd_thumbnail"] == pytest.approx(expected)
    assert "out=FILE.json" in printed
    call_network(capsys, *arguments, "extractor=faces", "out=result.json")
    assert json.loads(Path("result.json").read_text())["protocol"]["images_real"] == 60


def test_damaged_files_of_a_folder_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("fake"), pictures("fake", 20, 16))
    (write(Path("real"), pictures("real", 20, 16)) / "broken.png").write_bytes(b"no picture")
    _, code = call_network(capsys, "generated=fake", "reference=real", "extractor=faces")
    assert "broken.png" in code
    assert "corrupt=skip leaves them out" in code
    printed, code = call_network(capsys, "generated=fake", "reference=real", "extractor=faces", "corrupt=skip")
    assert code is None
    assert "20 generated against 20 real images" in printed


def test_without_inception_two_folders_are_measured_by_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("fake"), pictures("fake", 20, 16))
    printed, code = call_network(capsys, "generated=fake", "reference=fake")
    assert code is None
    assert "swd" in printed
    assert "fid is not measured" in printed


def test_folders_of_several_sizes_need_a_resolution(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("small"), pictures("small", 20, 16))
    write(Path("large"), pictures("large", 20, 32))
    _, code = call_network(capsys, "generated=small", "reference=large", "extractor=faces")
    assert "16 x 16" in code
    assert "resolution=R" in code
    printed, code = call_network(capsys, "generated=small", "reference=large", "extractor=faces", "resolution=16")
    assert code is None
    assert "20 generated against 20 real images" in printed


def test_an_npz_file_counts_as_the_folder_of_its_images(capsys: pytest.CaptureFixture[str]) -> None:
    fake, grey = pictures("fake", 40, 16), pictures("grey", 40, 16, channels=1)
    write(Path("fake"), fake)
    write(Path("grey"), grey.expand(-1, 3, -1, -1))
    write(Path("real"), pictures("real", 60, 16))
    for name, images in (("fake", fake), ("grey", grey)):
        np.savez(f"{name}.npz", arr_0=images.permute(0, 2, 3, 1).numpy())
        folder, file = (
            evaluate_folders(
                Path(generated),
                Path("real"),
                resolution=None,
                corrupt="refuse",
                extra=ExtraExtractors([Thumbnail()], {}),
            )["metrics"]
            for generated in (name, f"{name}.npz")
        )
        assert file == folder
    printed, code = call_network(capsys, "generated=fake.npz", "reference=real", "extractor=faces")
    assert code is None
    assert "40 generated against 60 real images" in printed
    np.savez("moments.npz", mu=np.zeros(3), sigma=np.eye(3))
    np.savez("float.npz", arr_0=np.zeros((3, 16, 16, 3)))
    Path("broken.npz").write_bytes(b"PK nonsense")
    Path("words.txt").touch()
    _write_odd_archives()
    for generated, words in {
        "array.npz": "array.npz cannot be read as an npz file: it is damaged or no npz file",
        "empty.npz": "empty.npz cannot be read as an npz file",
        "short.npz": "short.npz cannot be read as an npz file",
        "encrypted.npz": "encrypted.npz: it is encrypted; store it without a password",
        "terabytes.npz": "terabytes.npz: arr_0 is said to have 3,072,000,000,000 bytes, which the file does not hold",
        "none.npz": "arr_0 is uint8 [0, 16, 16, 3]; images are uint8",
        "moments.npz": "moments.npz contains mu, sigma, and no array arr_0 of images",
        "float.npz": "arr_0 is float64 [3, 16, 16, 3]; images are uint8",
        "broken.npz": "broken.npz cannot be read as an npz file",
        "missing.npz": "there is no folder or file missing.npz",
        "words.txt": "words.txt is a file, not a folder of images; of files only npz is read",
    }.items():
        assert words in str(call_network(capsys, f"generated={generated}", "reference=real", "extractor=faces")[1])
    _, code = call_network(capsys, "generated=fake.npz", "reference=real", "resolution=8", "extractor=faces")
    assert "fake.npz contains images of 16 x 16 pixels, which resolution=8 does not change" in code


def _write_odd_archives() -> None:
    """npz files that are none, are cut, encrypted, empty, or claim more than they hold."""
    images = np.zeros((3, 16, 16, 3), dtype=np.uint8)
    with Path("array.npz").open("wb") as file:
        np.save(file, images)
    Path("empty.npz").touch()
    np.savez("none.npz", arr_0=images[:0])
    np.savez("whole.npz", arr_0=images)
    whole = Path("whole.npz").read_bytes()
    Path("short.npz").write_bytes(whole[: len(whole) // 2])
    encrypted = bytearray(whole)
    encrypted[6] |= 1  # the flag in the local header and in the directory
    encrypted[whole.index(b"PK\x01\x02") + 8] |= 1
    Path("encrypted.npz").write_bytes(encrypted)
    header = BytesIO()
    shape = (1_000_000, 1024, 1000, 3)
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile("terabytes.npz", "w") as archive:
        archive.writestr("arr_0.npy", header.getvalue() + bytes(1000))


# Own images from end to end


def test_a_folder_of_hostile_files_trains_and_evaluates_with_the_good_ones(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write_hostile(Path("photos").absolute())
    assert len(good) + len(bad) >= 40
    settings = ["data=folder", "data.root=photos", "resolution=16", "network=mlp", "logger=none", "extractor=faces"]
    small = ["updates=2", "batch_size=8", "log_every=1", "sample_every=2", "evaluate_every=2", "sample_images=4"]
    refused = composed(*settings, *small)
    check(refused)
    assert train(refused, RunFolder("runs/single/refused")) == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert f"{len(bad)} of " in error
    assert "data.corrupt=skip" in error
    cfg = composed(*settings, *small, "data.corrupt=skip")
    folder = RunFolder("runs/single/photos")
    assert train(cfg, folder) == 0
    summary = folder.summary() or {}
    assert summary["data"]["images"] == {"train": len(good)}
    assert len(summary["data"]["left_out"]) == len(bad) + len(PASSED_OVER)
    folder.mark("finished")
    result = evaluate_run(folder, images=None, extra=NOBODY, fresh=False)
    assert result["protocol"]["images_real"] == len(good)
    assert result["metrics"]["fd_faces"] == pytest.approx(summary["metrics"]["fd_faces"]["last"])
    assert build_data(cfg).shape == (3, 16, 16)


def test_evaluation_leaves_training_as_it_was() -> None:
    """The same final weights, bit for bit, whatever `evaluate_every`, with batch statistics and bf16 in play."""
    settings = ["data=digits", "resolution=8", "network.discriminator.norm=batch", "logger=none", "evaluate_images=60"]
    weights = []
    for every in (1, 2, 6):
        folder = RunFolder(f"runs/single/every{every}")
        assert train(composed(*settings, "updates=6", f"evaluate_every={every}"), folder) == 0
        assert len([line for line in folder.metrics() if "fd_digits" in line]) == 6 // every + 1
        weights.append(folder.weights.path("last").read_bytes())
    assert weights[0] == weights[1] == weights[2]


def test_a_batch_is_no_larger_than_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("few"), pictures("few", 20, 16))
    cfg = composed("data=folder", "data.root=few", "resolution=16", "logger=none", "network=mlp")
    assert train(cfg, RunFolder("runs/single/few")) == 1
    assert "batch_size=64: the training set has 20 images; set batch_size=20 or less" in capsys.readouterr().err
