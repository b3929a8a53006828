"""Labels: which belongs to what, and what is said where there is none."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor

from saddle.data.classes import Classes
from saddle.data.digits import Digits
from saddle.data.disk.decoding import WHITE
from saddle.data.disk.folder import Folder
from saddle.data.faces.dataset import CATEGORIES, Category, Faces, draw_factors
from saddle.data.images import Images
from saddle.data.pixels import to_uint8
from saddle.engine.experiment import Experiment
from saddle.noise import drawn_labels
from test_torchvision import alone as no_network
from test_torchvision import option as torchvision_set
from test_torchvision import write_celeba, write_idx
from toy import LabelledToy

CPU = torch.device("cpu")


# ---- what the data know


def digits(_: Path) -> tuple[Images, Callable[[Tensor], str]]:
    scans = load_digits()
    known = {bytes(row.astype(np.uint8)): str(target) for row, target in zip(scans.data, scans.target, strict=True)}
    data = Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")
    return data, lambda image: known[bytes(np.round(image.flatten().numpy() * (16 / 255)).astype(np.uint8))]


def faces(_: Path) -> tuple[Images, Callable[[Tensor], str]]:
    data = Faces(shape=(3, 16, 16), train_count=40, test_count=10, seed=0, label="fringe", reference="test")
    known: dict[bytes, str] = {}
    for part, images in (("train", data.train), ("test", data.test)):
        fringes = draw_factors(0, f"faces/{part}", range(len(images)))["fringe"]
        known |= {
            bytes(image.numpy()): CATEGORIES["fringe"][y] for image, y in zip(images.pixels, fringes, strict=True)
        }
    return data, lambda image: known[bytes(image.numpy())]


def folders(place: Path) -> tuple[Images, Callable[[Tensor], str]]:
    """Pictures of one grey each, by class; one is damaged, two are the same in two classes."""
    for i, name in enumerate(("b/cat", "a/dog", "c d", "中文")):
        (place / name).mkdir(parents=True)
        for j in range(3):
            Image.new("RGB", (8, 8), (50 * i + j,) * 3).save(place / name / f"{j}.png")
    (place / "a/1.png").write_bytes(b"damaged")
    (place / "c d/again.png").write_bytes((place / "c d/0.png").read_bytes())
    names = ("b", "a", "c d", "中文")
    return folder(place, corrupt="skip"), lambda image: names[int(image[0, 0, 0]) // 50]


def folder(root: Path, **changed: Any) -> Folder:
    settings: dict[str, Any] = {
        "corrupt": "refuse",
        "enlarge": False,
        "background": WHITE,
        "label": "folder",
        "reference": "all",
    }
    return Folder(root=root, shape=(3, 8, 8), **{**settings, **changed})


NAMES = ("airplane", "automobile", "bird")


def cifar10(place: Path) -> tuple[Images, Callable[[Tensor], str]]:
    """CIFAR-10's files, with images that are as bright as their label says."""
    root = place / "cifar-10-batches-py"
    root.mkdir(parents=True)
    for number, name in enumerate([f"data_batch_{i + 1}" for i in range(5)] + ["test_batch"]):
        labels = [(number + row) % 3 for row in range(4)]
        rows = np.stack([np.full(3072, 40 * label + number, np.uint8) for label in labels])
        (root / name).write_bytes(pickle.dumps({"data": rows, "labels": labels}))
    (root / "batches.meta").write_bytes(pickle.dumps({"label_names": list(NAMES)}))
    return torchvision_set("cifar10", place, 32), lambda image: NAMES[int(image[0, 0, 0]) // 40]


SETS = {"digits": digits, "faces": faces, "folder": folders, "cifar10": cifar10}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, with a cache of its own, no network, and check sums that fit."""
    no_network.__wrapped__(tmp_path, monkeypatch)  # type: ignore[attr-defined]  # of this object it is
    return tmp_path / "place"


@pytest.mark.parametrize("name", SETS)
def test_a_label_is_that_of_its_image(name: str, place: Path) -> None:
    """Over two epochs, in parts or together; and in every part of the set that an evaluation may take."""
    data, truth = SETS[name](place)
    assert data.classes is not None
    count = min(len(data.train), 300)
    for positions in (range(2 * count), range(count // 2, count + 3)):
        images, labels = data.sample(5, positions, CPU), data.labels(5, positions, CPU)
        assert labels is not None
        assert labels.dtype == torch.int64
        assert [data.classes.names[y] for y in labels] == [truth(image) for image in to_uint8(images)]
    for split in ("train", "all") if data.test is None else ("train", "test", "all"):
        part, known = data.split(split), data.split_labels(split)
        assert known is not None
        pixels = part[np.arange(len(part))]
        assert [known.names[y] for y in known.values] == [truth(image) for image in pixels]
    assert sum(data.classes.counts.values()) == len(data.train)


def experiment(data: Images, *, labels: bool) -> Experiment:
    described = Experiment(OmegaConf.create({"labels": labels}))
    described.data = data
    return described


@pytest.mark.parametrize("name", SETS)
def test_nobody_who_asks_for_no_labels_looks_at_them(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests, and so every cache, are those of the images alone."""
    data, _ = SETS[name](place)
    monkeypatch.setattr(type(data), "labelled", None)
    data.sample(0, range(3), CPU)
    facts = experiment(data, labels=False).facts()
    assert facts == data.facts()
    assert "labels" not in facts["digest"]


@pytest.mark.parametrize("name", SETS)
def test_without_a_label_there_are_no_classes(name: str, place: Path) -> None:
    data, _ = SETS[name](place)
    data.label = None  # type: ignore[attr-defined]  # of this object it is
    assert data.classes is None
    assert data.labels(0, range(3), CPU) is None
    assert data.split_labels("all") is None
    with pytest.raises(ValueError, match=rf"labels=true: {data.name} has no classes"):
        experiment(data, labels=True).classes  # noqa: B018  # builds them


def test_faces_are_labelled_by_any_factor_with_names() -> None:
    assert set(get_args(Category)) == set(CATEGORIES)


def test_the_classes_of_a_folder_are_those_directly_in_it(place: Path) -> None:
    data, _ = folders(place)
    assert data.classes == Classes({"a": 3, "b": 3, "c d": 4, "中文": 3})


def test_a_moved_picture_is_another_set(place: Path) -> None:
    """Although all pixels, and their order, are the same: a run on the old labels may not go on with the new ones."""
    folders(place)
    (place / "a/1.png").unlink()
    before = experiment(folder(place), labels=True).facts()
    (place / "a/dog/2.png").rename(place / "b/0.png")
    after = experiment(folder(place), labels=True).facts()
    assert before["digest"]["train"] == after["digest"]["train"]
    assert before["digest"]["labels"] != after["digest"]["labels"]
    assert after["classes"] == {"a": 2, "b": 4, "c d": 4, "中文": 3}


def test_a_folder_without_class_folders_says_so(place: Path) -> None:
    folders(place)
    (place / "a/1.png").unlink()
    with pytest.raises(
        ValueError, match=r"a/CLASS/\.\.\., but all of its pictures are in dog/\. Sort them into folders"
    ):
        _ = folder(place / "a").classes
    Image.new("RGB", (8, 8)).save(place / "loose.png")
    with pytest.raises(ValueError, match=r"place/CLASS/\.\.\., but 1 of 14 pictures are in none, such as loo"):
        _ = folder(place).classes


def test_published_names_of_classes_and_a_set_without_any(place: Path) -> None:
    write_idx(place, "MNIST")
    mnist = torchvision_set("mnist", place, 32)
    assert mnist.classes is not None
    assert mnist.classes.names[:2] == ("0 - zero", "1 - one")
    write_celeba(place)
    assert torchvision_set("celeba", place, 32).classes is None
    with pytest.raises(ValueError, match=r"data.label=target: CelebA was published without classes"):
        _ = torchvision_set("celeba", place, 32, label="target").classes


def test_a_class_by_name_before_by_number() -> None:
    classes = LabelledToy().classes
    assert classes is not None
    assert [classes.label(text) for text in ("cat", "0", "1", "dog", "2")] == [0, 0, 2, 1, 2]
    for text in ("cow", "3", "-1", ""):
        with pytest.raises(ValueError, match=rf"there is no class {text}; the model knows 0 cat, 1 dog, 2 1"):
            classes.label(text)
    for counts in ({"a": "3"}, {"a": -1, "b": 2}, {}, {"a": 0}):
        with pytest.raises(ValueError, match="not a mapping"):
            Classes.stored(counts)


def test_names_that_are_numbers_are_sorted_and_read_as_numbers(place: Path) -> None:
    classes = Classes({"01": 1, "02": 1, "3": 1, "010": 1})
    assert [classes.label(text) for text in ("1", "01", "2", "3", "10")] == [0, 0, 1, 2, 3]
    with pytest.raises(ValueError, match=r"there is no class 0; the model knows 0 01, 1 02"):
        classes.label("0")
    for i, name in enumerate(("9", "10", "100", "1")):
        (place / name).mkdir(parents=True)
        Image.new("RGB", (8, 8), (i, 0, 0)).save(place / name / "a.png")
    data = folder(place)
    assert data.classes == Classes({"1": 1, "9": 1, "10": 1, "100": 1})
    labels = data.labelled("train")
    assert labels is not None
    assert data.train[np.arange(4)][:, 0, 0, 0].tolist() == [3, 1, 2, 0]  # the order of the paths: 1, 10, 100, 9
    assert labels.values.tolist() == [0, 2, 3, 1]


# ---- drawing labels


def test_labels_are_drawn_as_often_as_they_are_in_the_set() -> None:
    counts = [10, 0, 30, 60]
    drawn = drawn_labels(0, "test", 0, range(20_000), counts)
    found = torch.bincount(drawn, minlength=4) / len(drawn)
    assert found[1] == 0
    torch.testing.assert_close(found, torch.tensor(counts) / 100, rtol=0, atol=4 * 0.5 / 20_000**0.5)
    assert torch.equal(drawn_labels(0, "test", 0, [7, 3, 19_000], counts), drawn[[7, 3, 19_000]])
    for seed, stream, counter in ((1, "test", 0), (0, "other", 0), (0, "test", 1)):
        assert not torch.equal(drawn_labels(seed, stream, counter, range(100), counts), drawn[:100])
