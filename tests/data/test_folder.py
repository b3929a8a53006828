"""People's own images: every good file gives the right pixels, every bad one is named, and nothing is done twice."""

import os
import re
import shutil
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image

from hostile import PASSED_OVER, RANDOM, SIDE, encoded, write_hostile
from saddle.data.disk import contents, refusals, store
from saddle.data.disk.decoding import WHITE, decode, fitted, picture_size
from saddle.data.disk.files import listing
from saddle.data.disk.folder import Folder
from saddle.data.disk.meaning import UndecodableError
from saddle.data.disk.memory import MemoryBudget
from saddle.data.disk.pixelfile import HEADER, PixelFile, mapped, pixel_digest
from saddle.data.disk.store import decode_folder
from saddle.networks.base import Resolution

Decode = Callable[..., Any]


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SADDLE_CACHE", str(path))
    return path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many files were decoded, and how many were read for their hash."""
    counted = {"decoded": 0, "read": 0}

    def counting(what: str, work: Decode) -> Decode:
        def call(*arguments: Any) -> Any:
            counted[what] += 1
            return work(*arguments)

        return call

    monkeypatch.setattr(store, "decode", counting("decoded", decode))
    monkeypatch.setattr(contents, "file_digest", counting("read", file_digest))
    return counted


def folder(root: Path, **changed: Any) -> Folder:
    settings = {
        "shape": (3, SIDE, SIDE),
        "corrupt": "refuse",
        "enlarge": False,
        "background": WHITE,
        "label": None,
        "reference": "all",
    }
    return Folder(root=root, **{**settings, **changed})


def write(root: Path, count: int, side: int = SIDE, start: int = 0) -> Path:
    """`count` different pictures in `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for i in range(start, start + count):
        picture = np.roll(np.resize(RANDOM, (side, side, 3)), i, axis=0)
        picture[0, 0, 0] = RANDOM[0, 0, 0] + i
        Image.fromarray(picture).save(root / f"{i:03d}.png")
    return root


def pixels(data: Folder) -> torch.Tensor:
    return data.train[np.arange(len(data.train))]


# ---- forty files


def test_of_forty_hostile_files_the_good_ones_are_right_and_the_bad_ones_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = write_hostile(tmp_path)
    assert len(good) + len(bad) >= 40
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = folder(tmp_path, corrupt="skip")
        images = pixels(data).numpy()
    assert len(images) == len(good)
    for name, image in zip(sorted(good), images, strict=True):
        tolerance = 6 if name.endswith((".jpg", ".jpeg")) else 1 if "alpha" in name or name == "float.tif" else 0
        assert np.abs(image.astype(int) - good[name]).max() <= tolerance, name
    left_out = data.facts()["left_out"]
    assert isinstance(left_out, dict)
    named = {
        "new\\nline.png" if name == "new\nline.png" else name: reason for name, reason in (bad | PASSED_OVER).items()
    }
    assert left_out.keys() == named.keys()
    assert not [name for name, reason in named.items() if reason not in left_out[name]], left_out
    with pytest.raises(ValueError, match="cannot be used") as refusal:
        _ = folder(tmp_path).train
    answer = str(refusal.value)
    assert all(f"  {name}: " in answer for name in bad)
    assert f"{len(bad)} of {len(good) + len(bad)} pictures" in answer
    assert "data.corrupt=skip" in answer
    assert capfd.readouterr() == ("", "")


def test_files_are_found_wherever_they_lie_and_the_others_counted(tmp_path: Path) -> None:
    write_hostile(tmp_path)
    found = listing(tmp_path)
    assert found.suffixes()[".txt"] == 1
    assert not [file.path for file in found.files if "/." in f"/{file.path}" or file.path.startswith("around/")]
    assert [file.path for file in found.files] == sorted(file.path for file in found.files)


def test_of_a_hundred_odd_files_none_is_left_out_without_a_word(tmp_path: Path) -> None:
    """Pictures under any name, links to class folders, loops, hidden and foreign files: read + left_out = 100."""
    root, elsewhere = tmp_path / "odd", write(tmp_path / "elsewhere/cats", 5)
    write_hostile(root)
    (root / "cats").symlink_to(elsewhere)
    (root / "again").symlink_to(root / "turned")
    (root / "loop").mkdir()
    (root / "loop/back").symlink_to(root / "loop")
    picture = Image.fromarray(RANDOM)
    kinds = {
        "b.jfif": "JPEG",
        "c": "JPEG",
        "d.jpe": "JPEG",
        "e.JPG_large": "JPEG",
        "f.avif": "AVIF",
        "g": "WEBP",
        "h": "TIFF",
    }
    for name, kind in kinds.items():
        (root / name).write_bytes(encoded(picture, kind))
    for name, content in {
        "i.heic": b"\0\0\0\x18ftypheic" + b"\0" * 60,
        "j.jxl": b"\xff\x0a" + b"\0" * 60,
        "k.svg": b"<svg/>",
        "l.psd": b"8BPS" + b"\0" * 60,
        "m.nef": encoded(picture, "TIFF"),
    }.items():
        (root / name).write_bytes(content)
    os.mkfifo(root / "pipe.png")
    count = sum(len(files) for _, _, files in os.walk(root)) + 5 + 8 + 2  # two followed links, and two that end loops
    for i in range(100 - count):
        (root / f"{i:02d}.txt").write_text("text")
    data = folder(root, corrupt="skip")
    left_out = data.facts()["left_out"]
    assert isinstance(left_out, dict)
    assert len(data.train) + len(left_out) == 100
    assert "HEIC of a kind that is not read" in left_out["i.heic"]
    assert left_out["loop/back"] == "a link to a folder that is read already"
    assert left_out["pipe.png"] == "no file"
    read = set(data._decoded.paths)
    assert {*kinds, "cats/000.png", "again/1.tif", "turned/1.tif"} <= read
    assert not read & left_out.keys()


def test_files_that_are_no_pictures_are_listed_and_never_refused(tmp_path: Path) -> None:
    write(tmp_path, 2)
    (tmp_path / "notes.txt").write_text("BM of a car")
    assert folder(tmp_path).facts()["left_out"] == {"notes.txt": "no picture"}


def test_a_class_folder_may_be_a_link(tmp_path: Path) -> None:
    """Also one to a folder of the same root: each class has the pictures that its name leads to."""
    write(tmp_path / "elsewhere", 3)
    root = tmp_path / "classes"
    write(root / "cats", 2)
    (root / "dogs").symlink_to(tmp_path / "elsewhere")
    (root / "tabbies").symlink_to(root / "cats")
    classes = folder(root, label="folder").classes
    assert classes is not None
    assert classes.counts == {"cats": 2, "dogs": 3, "tabbies": 2}


def test_a_replaced_file_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    """As `tar`, `unzip` and `rsync -t` leave it."""
    path = tmp_path / "a.bmp"
    for picture in (RANDOM, 255 - RANDOM):
        path.unlink(missing_ok=True)
        path.write_bytes(encoded(Image.fromarray(picture), "BMP"))
        os.utime(path, ns=(1, 1))
        assert np.array_equal(pixels(folder(tmp_path))[0], picture.transpose(2, 0, 1))


def test_decoders_share_a_bound_on_memory() -> None:
    """No reservations exceed it together, and one that is larger alone is granted alone."""
    budget, most = MemoryBudget(100), []

    def use(size: int) -> None:
        with budget.reserved(size):
            most.append(budget.used)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, [60, 30, 50, 500, 10, 100, 70, 40] * 20))
    assert len(most) == 160
    assert max(most) <= 100
    assert budget.used == 0
    with pytest.raises(UndecodableError), budget.reserved(70):
        raise UndecodableError
    assert budget.used == 0


def test_strips_do_not_change_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large picture is converted a few rows at a time, so that its copies take little memory."""
    deep = np.resize(RANDOM, (40, 30)).astype(np.int32) * 1000 - 9
    rgba = np.resize(RANDOM, (40, 30, 4))
    for picture in (Image.fromarray(deep), Image.fromarray(rgba), Image.fromarray(rgba).convert("CMYK")):
        monkeypatch.setattr("saddle.data.disk.decoding.STRIP", 2**20)
        whole = fitted(picture, (3, 9, 9), False)
        monkeypatch.setattr("saddle.data.disk.decoding.STRIP", 64)
        assert np.array_equal(fitted(picture, (3, 9, 9), False), whole)


def test_a_long_list_of_bad_files_is_cut_but_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddle.data.disk.refusals.NAMED", 20)
    write(tmp_path, 1)
    for i in range(30):
        (tmp_path / f"bad{i:02d}.jpg").write_bytes(b"x" * (i % 2))
    with pytest.raises(ValueError, match="30 of 31 pictures") as refusal:
        _ = folder(tmp_path).train
    assert "bad19" in str(refusal.value)
    assert "bad20" not in str(refusal.value)
    assert "\n  and 10 more: an empty file (5); no PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF (5)\n" in str(refusal.value)
    left_out = folder(tmp_path, corrupt="skip").facts()["left_out"]
    assert isinstance(left_out, dict)
    assert len(left_out) == 30


def test_a_reason_that_all_files_share_is_said_once(tmp_path: Path) -> None:
    write(tmp_path, 30, side=10)
    with pytest.raises(ValueError, match="30 of 30 pictures") as refusal:
        _ = folder(tmp_path).train
    answer = str(refusal.value)
    assert answer.count("10 x 10 pixels, too small for 16 x 16") == 1
    assert "\n  000.png\n" in answer
    assert "\n  019.png\n  and 10 more\n" in answer
    assert "the largest picture has 10 x 10 pixels: resolution=8 fits all\n" in answer
    assert "skipping them leaves nothing\n" in answer


# ---- the rule


def test_a_picture_that_fits_keeps_its_pixels(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert np.array_equal(pixels(folder(tmp_path))[0], RANDOM.transpose(2, 0, 1))


def test_grey_is_luma_and_grey_stays_grey() -> None:
    colour = encoded(Image.new("RGB", (4, 4), (255, 0, 100)), "PNG")
    assert (decode(colour, (1, 4, 4), False) == round(0.299 * 255 + 0.114 * 100)).all()
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (decode(encoded(Image.fromarray(ramp), "PNG"), (1, 16, 16), False) == ramp).all()
    assert (decode(encoded(Image.fromarray(np.stack([ramp] * 3, 2)), "PNG"), (1, 16, 16), False) == ramp).all()


def test_reducing_is_antialiased() -> None:
    """Stripes of one pixel become their mean, where sampling every eighth pixel would give black or white."""
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 255
    inner = decode(encoded(Image.fromarray(stripes), "PNG"), (1, 8, 8), False)[0, 1:-1, 1:-1]
    assert np.abs(inner.astype(int) - 127).max() <= 2


def test_reducing_is_bicubic() -> None:
    """The kernel of Keys (1981) with a = -1/2, stretched by the reduction, written out."""
    row = RANDOM[0, :, 0].astype(np.float64)  # [16]
    x = np.abs(np.arange(16) + 0.5 - (np.arange(8)[:, None] + 0.5) * 2) / 2  # [8, 16]
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    kernel = np.where(x < 1, near, np.where(x < 2, far, 0))
    expected = (kernel / kernel.sum(axis=1, keepdims=True) @ row).clip(0, 255)
    picture = Image.fromarray(np.tile(RANDOM[:1, :, 0], (16, 1)))
    assert np.abs(fitted(picture, (1, 8, 8), False)[0, 3] - expected).max() < 1


def test_the_largest_part_in_the_middle_has_the_proportions_of_the_shape() -> None:
    columns = np.tile(np.arange(10, dtype=np.uint8) * 20, (4, 1))  # 4 high, 10 wide
    picture = Image.fromarray(columns)
    assert fitted(picture, (1, 4, 4), False)[0, 0].tolist() == [60, 80, 100, 120]
    assert fitted(picture, (1, 4, 8), False)[0, 0].tolist() == [20, 40, 60, 80, 100, 120, 140, 160]
    assert fitted(picture.rotate(90, expand=True), (1, 8, 4), False)[0, ::-1, 0].tolist() == list(range(20, 180, 20))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 128, 257, 65535]], dtype=np.uint16), [0, 0, 1, 255]),
        (np.array([[0, 128, 257, 65535]], dtype=np.int32), [0, 0, 1, 255]),
        (np.array([[-10, 0, 10, 10]], dtype=np.int32), [0, 128, 255, 255]),
        (np.array([[0, 0.25, 0.5, 1]], dtype=np.float32), [0, 64, 128, 255]),
        (np.array([[0, 1, 2, 200]], dtype=np.float32), [0, 1, 2, 200]),
        (np.array([[7e5, 7e5, 7e5, 7e5]], dtype=np.float32), [0, 0, 0, 0]),
    ],
)
def test_deep_grey_is_scaled_and_not_clipped(values: Any, expected: list[int]) -> None:
    content = encoded(Image.fromarray(np.repeat(values, 4, axis=0)), "TIFF")
    assert decode(content, (1, 4, 4), False)[0, 0].tolist() == expected


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.new("RGB", (30, 20)), kind, exif=exif)
    width, height = (20, 30) if orientation > 4 else (30, 20)
    assert picture_size(BytesIO(content)) == (width, height)
    assert decode(content, (3, height, width), False).shape == (3, height, width)


def test_small_pictures_are_enlarged_where_that_is_wanted(tmp_path: Path) -> None:
    write(tmp_path, 2, side=10)
    write(tmp_path / "larger", 1, side=12)
    with pytest.raises(ValueError, match="too small for 16 x 16") as refusal:
        _ = folder(tmp_path, corrupt="skip").train
    for words in ("12 x 12 pixels", "resolution=8 fits all", "data.enlarge=true"):
        assert words in str(refusal.value)
    assert len(folder(tmp_path, enlarge=True).train) == 3
    assert len(folder(tmp_path, shape=(3, 12, 12), corrupt="skip").train) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_torn_file_gives_an_image_or_a_reason(kind: str) -> None:
    content = encoded(Image.fromarray(RANDOM), kind)
    for cut in range(0, len(content), 9):
        for damaged in (content[:cut], content[:cut] + b"\xff" * (len(content) - cut)):
            with warnings.catch_warnings(), suppress(UndecodableError):
                warnings.simplefilter("ignore")
                assert decode(damaged, (3, SIDE, SIDE), False).shape == (3, SIDE, SIDE)


# ---- folders that cannot be used


def test_folders_without_pictures_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.md").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a.psd").touch()
    for root, error, words in (
        ("a/b", FileNotFoundError, f"there is no folder {tmp_path}/a/b; the nearest that exists is {tmp_path}"),
        ("text.md", NotADirectoryError, "is a file, not a folder"),
        ("empty", ValueError, "it is empty"),
        (
            "other",
            ValueError,
            "has no pictures (PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF); it has other files: 1 .psd",
        ),
    ):
        with pytest.raises(error) as refusal:
            _ = folder(tmp_path / root).train
        assert words in str(refusal.value)
    with pytest.raises(ValueError, match="1 or 3 channels"):
        folder(tmp_path, shape=(2, 8, 8))


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        ((254, 300), "resolution=256 fits some, resolution=128 all"),
        ((64, 64), "resolution=64 fits all"),
        ((7, 20), "resolution=16 fits some"),
        ((7, 5), "no resolution fits, the smallest is 8"),
    ],
)
def test_proposed_resolutions_are_those_that_every_network_takes(sides: tuple[int, int], words: str) -> None:
    answer = refusals._resolutions([(side, side + 5) for side in sides])
    assert answer.endswith(words)
    assert {*map(int, re.findall(r"resolution=(\d+)", answer))} <= {*get_args(Resolution)}
    assert get_args(Resolution)[::-1] == refusals.RESOLUTIONS


def test_skipping_must_leave_something(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    for _ in range(2):
        with pytest.raises(ValueError, match="1 of 1 pictures") as refusal:
            _ = folder(tmp_path, corrupt="skip").train
        assert "corrupt=skip" not in str(refusal.value)
        assert "a.png: no PNG" in str(refusal.value)
        assert "skipping them leaves nothing" in str(refusal.value)


# ---- nothing is done twice


def test_a_second_load_reads_and_decodes_nothing(tmp_path: Path, calls: dict[str, int]) -> None:
    write(tmp_path, 5)
    (tmp_path / "bad.png").write_bytes(b"x")
    first = folder(tmp_path, corrupt="skip")
    assert len(first.train) == 5
    assert calls == {"decoded": 6, "read": 6}
    second = folder(tmp_path, corrupt="skip")
    assert torch.equal(pixels(first), pixels(second))
    assert first.facts() == second.facts()
    assert calls == {"decoded": 6, "read": 6}


def test_only_what_is_new_is_decoded(tmp_path: Path, calls: dict[str, int], fresh_cache: Path) -> None:
    write(tmp_path, 5)
    before = folder(tmp_path)
    old = pixels(before)
    Image.fromarray(255 - RANDOM).save(tmp_path / "002.png")
    (tmp_path / "000.png").unlink()
    shutil.copy(tmp_path / "001.png", tmp_path / "twice.png")
    after = folder(tmp_path)
    expected = torch.stack([old[1], torch.from_numpy(255 - RANDOM).permute(2, 0, 1), old[3], old[4], old[1]])
    assert torch.equal(pixels(after), expected)
    assert calls == {"decoded": 6, "read": 7}
    assert after.train.digest != before.train.digest
    assert torch.equal(pixels(before), old)  # its file is deleted, its mapping stays
    assert len(list(fresh_cache.rglob("*.npy"))) == 1
    assert not list(fresh_cache.rglob("*.tmp"))


def test_the_digest_says_what_the_images_are_and_not_where(tmp_path: Path, calls: dict[str, int]) -> None:
    data = folder(write(tmp_path / "a", 3))
    digest = data.train.digest
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "人 #")
    assert folder(tmp_path / "b" / "人 #").train.digest == digest
    assert calls["decoded"] == 3
    os.utime(tmp_path / "a/001.png", ns=(1, 1))
    assert folder(tmp_path / "a").train.digest == digest
    assert calls == {"decoded": 3, "read": 7}
    assert folder(tmp_path / "a", shape=(1, SIDE, SIDE)).train.digest != digest
    (tmp_path / "a/001.png").rename(tmp_path / "a/x.png")
    assert folder(tmp_path / "a").train.digest != digest  # another order


def test_another_rule_decodes_anew(tmp_path: Path, calls: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 3)
    for version in (1, 1, 2, 2):
        monkeypatch.setattr(store, "VERSION", version)
        _ = folder(tmp_path).train
    assert calls["decoded"] == 6


def test_a_decoder_that_gives_other_pixels_gives_another_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Numbers measured against the images of one decoder are not taken for those of another."""
    digest = folder(write(tmp_path, 3)).train.digest

    def again() -> str:
        monkeypatch.setenv("SADDLE_CACHE", str(tmp_path_factory.mktemp("other")))
        return folder(tmp_path).train.digest

    assert again() == digest
    monkeypatch.setattr(store, "decode", lambda *arguments: decode(*arguments) ^ 1)
    assert again() != digest


def test_bad_files_that_are_mended_or_deleted_cost_only_themselves(tmp_path: Path, calls: dict[str, int]) -> None:
    write(tmp_path, 3)
    (tmp_path / "001.png").write_bytes(b"x")
    with pytest.raises(ValueError, match="1 of 3 pictures"):
        _ = folder(tmp_path).train
    assert len(folder(tmp_path, corrupt="skip").train) == 2
    assert calls["decoded"] == 3
    write(tmp_path, 1, start=1)
    assert len(folder(tmp_path).train) == 3
    assert calls["decoded"] == 4


@pytest.mark.parametrize("damage", ["missing", "short", "empty", "json", "changed"])
def test_a_damaged_cache_is_made_again(damage: str, tmp_path: Path, fresh_cache: Path) -> None:
    write(tmp_path, 3)
    before = pixels(folder(tmp_path))
    for path in fresh_cache.rglob("*.json" if damage == "json" else "*.npy"):
        content = path.read_bytes()
        path.unlink()  # and not written over, for it is mapped
        if damage == "changed":  # every seventh byte of the pixels
            changed = bytearray(content)
            changed[HEADER::7] = bytes(byte ^ 1 for byte in content[HEADER::7])
            path.write_bytes(changed)
        elif damage != "missing":
            path.write_bytes(content[: 0 if damage == "empty" else len(content) - 1])
    assert torch.equal(pixels(folder(tmp_path)), before)


def test_an_interrupted_decode_leaves_nothing(
    tmp_path: Path, fresh_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 40)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store, "decode", interrupt)
        with pytest.raises(KeyboardInterrupt):
            _ = folder(tmp_path).train
    assert not [*fresh_cache.rglob("*.npy"), *fresh_cache.rglob("*.tmp")]
    assert len(folder(tmp_path).train) == 40


def test_of_several_at_once_one_decodes(tmp_path: Path, calls: dict[str, int]) -> None:
    write(tmp_path, 20)
    with ThreadPoolExecutor(4) as threads:
        digests = set(threads.map(lambda _: folder(tmp_path).train.digest, range(4)))
    assert len(digests) == 1
    assert calls == {"decoded": 20, "read": 20}


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 2)
    monkeypatch.setattr(store, "content_hash", lambda content: "another")
    with pytest.raises(ValueError, match="changed while it was read"):
        _ = folder(tmp_path).train


# ---- the file of pixels


def test_images_are_mapped_and_writing_to_them_changes_no_file(tmp_path: Path, fresh_cache: Path) -> None:
    write(tmp_path, 3)
    data = folder(tmp_path)
    assert len(data.train) == 3
    (path,) = fresh_cache.rglob("*.npy")
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert str(path) in maps.read_text()
    before = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.train.pixels[0] = 7
    assert path.read_bytes() == before
    assert len(before) == 128 + 3 * 3 * SIDE * SIDE


def test_rows_are_gathered_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with PixelFile(path=path, scratch=tmp_path / "a.tmp", shape=(1, 1, 2)) as file:
        for row in (5, 0, 3, 1, 4, 2):
            file.write(row, np.full((1, 1, 2), row, dtype=np.uint8))
        file.gather([1, 3, 1, 4, 5, 3, 3])
    images = mapped(path, (7, 1, 1, 2), pixel_digest(path))
    assert images is not None
    assert images[:, 0, 0, 0].tolist() == [1, 3, 1, 4, 5, 3, 3]
    assert mapped(path, (6, 1, 1, 2), pixel_digest(path)) is None


def fill(file: PixelFile, rows: int) -> None:
    with file:
        for row in range(rows):
            file.write(row, np.zeros((1, 64, 64), dtype=np.uint8))
        file.gather(range(rows))


def test_a_full_disk_is_said_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    """Only what is written fails here, at once or when the buffer is written at the end; /dev/full is a full disk."""
    for rows in 1, 10:
        scratch = tmp_path / "a.tmp"
        scratch.symlink_to("/dev/full")
        with pytest.raises(OSError, match=r"a\.npy cannot be written: No space left .*SADDLE_CACHE=DIR"):
            fill(PixelFile(path=tmp_path / "a.npy", scratch=scratch, shape=(1, 64, 64)), rows)
        assert list(tmp_path.iterdir()) == []


# ---- as they are


def test_without_a_shape_all_pictures_keep_the_size_that_they_have_in_common(tmp_path: Path) -> None:
    write(tmp_path, 2)
    (tmp_path / "bad.png").write_bytes(b"x")
    images, left_out, *_ = decode_folder(tmp_path, shape=None, corrupt="skip", enlarge=False)
    assert images.shape == (3, SIDE, SIDE)
    assert np.array_equal(images[np.array([0])][0], RANDOM.transpose(2, 0, 1))
    assert list(left_out) == ["bad.png"]
    assert images.digest == folder(tmp_path, corrupt="skip").train.digest
    write(tmp_path / "larger", 1, side=20)
    with pytest.raises(ValueError, match=r"2 of 16 x 16, 1 of 20 x 20; set resolution=R"):
        decode_folder(tmp_path, shape=None, corrupt="skip", enlarge=False)


def test_of_many_sizes_the_most_frequent_are_named(tmp_path: Path) -> None:
    for side in range(SIDE, SIDE + 9):
        write(tmp_path / str(side), 1, side=side)
    with pytest.raises(ValueError, match="several sizes") as refusal:
        decode_folder(tmp_path, shape=None, corrupt="skip", enlarge=False)
    assert str(refusal.value).count("1 of ") == 5
    assert "and 4 other sizes; set resolution=R" in str(refusal.value)


def test_an_evaluation_compares_with_the_images_that_were_trained_on(tmp_path: Path) -> None:
    data = folder(write(tmp_path, 4))
    assert data.split("all") is data.split("train") is data.train
    with pytest.raises(ValueError, match="holds out no images"):
        data.split("test")
    facts = {"images": {"train": 4}, "digest": {"train": data.train.digest}, "copies": {"train": 0}}
    assert data.facts() == {**facts, "left_out": {}}
