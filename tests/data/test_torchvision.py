"""torchvision's sets, read from small files in the formats in which the large ones were published."""

import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from numpy.typing import NDArray
from omegaconf import OmegaConf
from PIL import Image
from torchvision.datasets import celeba, cifar

from options import CONF, composed, options
from saddle.config import instantiate
from saddle.data import torchvision_set
from saddle.data.disk.decoding import fitted
from saddle.data.torchvision_set import TorchvisionSet

Pixels = NDArray[np.uint8]
SETS = [name for name in options("data") if "torchvision" in (CONF / f"data/{name}.yaml").read_text(encoding="utf-8")]
TRAIN, TEST = 6, 3
"""Images in the fixtures."""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, no network, and check sums that fit."""
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("torchvision.datasets.utils._is_remote_location_available", lambda: False)
    for module in (cifar, celeba):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: Path(path).is_file())


def refuse(*_: Any, **__: Any) -> None:
    raise OSError("Name or service not known")


def random(*shape: int) -> Pixels:
    return np.random.default_rng(len(shape) + shape[0]).integers(0, 256, shape, dtype=np.uint8)


def write_idx(root: Path, name: str) -> dict[str, Pixels]:
    """The format of MNIST (LeCun, Cortes and Burges 1998): magic number, sizes, bytes."""
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    parts = {"train": random(TRAIN, 28, 28), "test": random(TEST, 28, 28)}
    for prefix, images in zip(("train", "t10k"), parts.values(), strict=True):
        header = struct.pack(">IIII", 0x803, len(images), 28, 28)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        labels = struct.pack(">II", 0x801, len(images)) + bytes(len(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)
    return {part: images[:, :, :, None] for part, images in parts.items()}


def write_batches(root: Path) -> dict[str, Pixels]:
    """The format of CIFAR-10 (Krizhevsky 2009): pickled rows of 1024 red, 1024 green and 1024 blue values."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    train, test = random(5 * TRAIN, 3072), random(TEST, 3072)
    for name, rows in {**{f"data_batch_{i + 1}": train[i::5] for i in range(5)}, "test_batch": test}.items():
        (folder / name).write_bytes(pickle.dumps({"data": rows, "labels": [0] * len(rows)}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["airplane"]}))
    ordered = np.concatenate([train[i::5] for i in range(5)])
    return {p: rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) for p, rows in (("train", ordered), ("test", test))}


def write_celeba(root: Path) -> dict[str, Pixels]:
    """The format of CelebA (Liu et al. 2015): one folder of JPEGs, and lists."""
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    count = TRAIN + TEST + 2
    names = [f"{i + 1:06d}.jpg" for i in range(count)]
    partition = [0] * TRAIN + [1] * 2 + [2] * TEST
    for i, name in enumerate(names):
        colours = Image.fromarray(random(4, 4, 3) // 2 + i)
        colours.resize((178, 218), Image.Resampling.BICUBIC).save(folder / "img_align_celeba" / name, quality=95)
    lists = {
        "list_eval_partition.txt": [f"{name} {part}" for name, part in zip(names, partition, strict=True)],
        "identity_CelebA.txt": [f"{name} 1" for name in names],
        "list_bbox_celeba.txt": [str(count), "image_id x_1 y_1 width height", *[f"{name} 0 0 1 1" for name in names]],
        "list_landmarks_align_celeba.txt": [str(count), "lefteye_x lefteye_y", *[f"{name} 1 1" for name in names]],
        "list_attr_celeba.txt": [str(count), "Bald Smiling", *[f"{name} -1 1" for name in names]],
    }
    for name, lines in lists.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    pictures = [np.asarray(Image.open(folder / "img_align_celeba" / name)) for name in names]
    return {"train": np.stack(pictures[:TRAIN]), "test": np.stack(pictures[-TEST:])}


FIXTURES: dict[str, Callable[[Path], dict[str, Pixels]]] = {
    "mnist": lambda root: write_idx(root, "MNIST"),
    "fashion_mnist": lambda root: write_idx(root, "FashionMNIST"),
    "cifar10": write_batches,
    "celeba": write_celeba,
}


def option(name: str, root: Path, resolution: int, download: bool = False, **changed: Any) -> TorchvisionSet:
    """The set as its yaml describes it."""
    described = OmegaConf.to_container(composed(f"data={name}", f"resolution={resolution}").data, resolve=True)
    assert isinstance(described, dict)
    return instantiate(OmegaConf.create({**described, "root": str(root), "download": download, **changed}))


def pixels(part: Any) -> torch.Tensor:
    return part[np.arange(len(part))]


def test_every_set_has_a_fixture() -> None:
    assert set(SETS) == set(FIXTURES)


@pytest.mark.parametrize("name", SETS)
def test_the_published_files_give_the_published_pixels(name: str, tmp_path: Path) -> None:
    truth = FIXTURES[name](tmp_path)
    _, height, width, channels = truth["train"].shape
    data = option(name, tmp_path, 8, shape=[channels, height, width])
    assert (data.reference, data.split("train"), data.split("test")) == ("train", data.train, data.test)
    for part, images in (("train", data.train), ("test", data.test)):
        assert np.array_equal(pixels(images), truth[part].transpose(0, 3, 1, 2)), part


@pytest.mark.parametrize("name", SETS)
def test_other_sizes_are_cut_and_resized_like_any_picture(name: str, tmp_path: Path) -> None:
    truth = FIXTURES[name](tmp_path)["train"]
    for resolution in (32, 64):
        data = option(name, tmp_path, resolution)
        expected = [fitted(Image.fromarray(image.squeeze()), data.shape, enlarge=True) for image in truth]
        assert np.array_equal(pixels(data.train), np.stack(expected))


def test_decoded_once_and_found_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FIXTURES["mnist"](tmp_path / "a")
    first = option("mnist", tmp_path / "a", 32)
    before, digest = pixels(first.train), first.train.digest
    assert first.test is not None
    assert first.test.digest != digest
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a/MNIST/raw/train-images-idx3-ubyte").touch()
    with monkeypatch.context() as patched:
        patched.setattr(torchvision_set, "fitted", refuse)
        patched.setattr(torchvision.datasets, "MNIST", None)  # torchvision is not asked
        for place in ("a", "b"):
            again = option("mnist", tmp_path / place, 32)
            assert torch.equal(pixels(again.train), before)
            assert again.train.digest == digest
    images = tmp_path / "b/MNIST/raw/train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1] + b"\7")
    changed = option("mnist", tmp_path / "b", 32)
    assert changed.train.digest != digest
    assert torch.equal(pixels(changed.train)[:-1], before[:-1])


def test_the_digest_is_that_of_the_images_not_of_how_they_came(tmp_path: Path) -> None:
    FIXTURES["mnist"](tmp_path)
    digest = option("mnist", tmp_path, 32).train.digest
    (tmp_path / "MNIST/raw/train-images-idx3-ubyte.gz").write_bytes(b"the archive that a download leaves")
    assert option("mnist", tmp_path, 32).train.digest == digest


PLACES = {
    "mnist": ["MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/t10k-labels-idx1-ubyte"],
    "fashion_mnist": ["FashionMNIST/raw/train-images-idx3-ubyte"],
    "cifar10": ["cifar-10-batches-py/data_batch_5", "cifar-10-batches-py/batches.meta"],
    "celeba": ["celeba/img_align_celeba", "celeba/list_eval_partition.txt"],
}


@pytest.mark.parametrize("download", [False, True])
@pytest.mark.parametrize("name", SETS)
def test_missing_files_are_named_with_their_places(name: str, download: bool, tmp_path: Path) -> None:
    root = tmp_path / "no" / "such"
    with pytest.raises(ValueError, match="cannot be read from") as refusal:
        _ = option(name, root, 32, download=download).train
    answer = str(refusal.value)
    assert all(f"\n  {place}: missing\n" in answer for place in PLACES[name])
    assert f"below {root}" in answer
    assert ("data.download=true could not" if download else "or set data.download=true") in answer
    assert not (tmp_path / "no").exists()
    assert "Dataset not found" in answer or "not known" in answer or "gdown" in answer
    assert refusal.value.__suppress_context__  # no trace of what torchvision tried


@pytest.mark.parametrize("name", ["mnist", "celeba"])
def test_files_that_are_there_are_told_from_those_that_are_missing_or_packed(name: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    packed, lost, there = {
        "mnist": ("t10k-images-idx3-ubyte", "train-labels-idx1-ubyte", "train-images-idx3-ubyte"),
        "celeba": ("img_align_celeba", "list_eval_partition.txt", "list_attr_celeba.txt"),
    }[name]
    folder = tmp_path / {"mnist": "MNIST/raw", "celeba": "celeba"}[name]
    archive = packed + {"mnist": ".gz", "celeba": ".zip"}[name]
    (folder / packed).rename(tmp_path / "elsewhere")
    (folder / archive).touch()
    (folder / lost).unlink()
    with pytest.raises(ValueError, match="cannot be read") as refusal:
        _ = option(name, tmp_path, 32).train
    for line in f"{packed}: missing; unpack {archive}", f"{lost}: missing", f"{there}: is there":
        assert f"/{line}\n" in str(refusal.value)


@pytest.mark.parametrize("download", [False, True])
def test_a_file_in_the_place_of_the_folder_is_said(download: bool, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"file is a file; it should be the folder that contains MNIST/raw/"):
        _ = option("mnist", tmp_path / "file", 32, download=download).train


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    FIXTURES["mnist"](tmp_path / "a")
    (tmp_path / "a/MNIST/raw/train-images-idx3-ubyte").write_bytes(b"\0" * 20)
    with pytest.raises(ValueError, match="MNIST cannot be read"):
        _ = option("mnist", tmp_path / "a", 32).train
    FIXTURES["celeba"](tmp_path / "b")
    picture = tmp_path / "b/celeba/img_align_celeba/000002.jpg"
    picture.write_bytes(picture.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"image 1 of CelebA in .*celeba: .*truncated"):
        _ = option("celeba", tmp_path / "b", 32).train
    assert not list((tmp_path / "cache").rglob("*.tmp"))


@pytest.mark.parametrize(
    "dataset",
    [
        "os",
        "utils",
        "__doc__",
        "VisionDataset",
        "ImageFolder",
        "FakeData",
        "wrap_dataset_for_transforms_v2",
        "MNST",
        ".",
    ],
)
def test_nothing_but_a_set_that_can_be_fetched_is_a_set(dataset: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not a set that torchvision can download; these are: CIFAR10, .*MNIST"):
        _ = option("mnist", tmp_path, 32, dataset=dataset).train


def test_a_selection_is_checked(tmp_path: Path) -> None:
    FIXTURES["celeba"](tmp_path)
    assert len(option("celeba", tmp_path, 32, test={"split": "valid"}).split("test")) == 2
    assert option("celeba", tmp_path, 32, test=None).test is None
    for test, words in (
        ({"splt": "test"}, "CelebA has no argument splt that selects a part; it takes split, target_type"),
        ({"transform": "os.system"}, "has no argument transform"),
        ({"split": "tset"}, "Unknown value 'tset'"),
    ):
        with pytest.raises(ValueError, match="CelebA") as refusal:
            _ = option("celeba", tmp_path, 32, test=None, train=test).train
        assert words in str(refusal.value)


@pytest.mark.parametrize("name", SETS)
def test_the_extractor_goes_with_the_channels(name: str) -> None:
    cfg = composed(f"data={name}")
    assert cfg.extractor.weights == {1: "digits.safetensors", 3: "faces.safetensors"}[cfg.data.shape[0]]
