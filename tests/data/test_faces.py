"""Faces: an image is a function of (seed, split, index), and each factor changes what it names."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from saddle.data.drawing import Box, Canvas, Window, ellipse, rotation
from saddle.data.faces import dataset
from saddle.data.faces.dataset import CATEGORIES, CONTINUOUS, FACTORS, Faces, draw_factors, render_faces

RESOLUTION = 48


def rows(y0: float, y1: float, x0: float, x1: float) -> tuple[slice, slice]:
    """The pixels of a box of the canvas [-1, 1]^2."""
    top, bottom, left, right = (round((edge + 1) / 2 * RESOLUTION) for edge in (y0, y1, x0, x1))
    return slice(top, bottom), slice(left, right)


def change(name: str, values: list[float], count: int = 24) -> np.ndarray:
    """Mean absolute change of each pixel of upright faces when one factor goes from the first to the second value."""
    factors = draw_factors(7, "test", range(count))
    factors["tilt"][:] = 0.5
    images = []
    for value in values:
        factors[name] = np.full_like(factors[name], value)
        images.append(render_faces(factors, RESOLUTION).astype(np.float64))
    changed: np.ndarray = np.abs(images[0] - images[1]).mean((0, 1))  # [height, width]
    return changed


def test_image_is_a_function_of_its_index() -> None:
    together = render_faces(draw_factors(0, "faces/train", range(150)), 32)
    for indices in ([77], [149, 3, 77, 3], range(60, 150)):
        alone = render_faces(draw_factors(0, "faces/train", indices), 32)
        assert np.array_equal(alone, together[list(indices)])


def test_threads_do_not_change_the_images() -> None:
    factors, before = draw_factors(0, "faces/train", range(200)), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = render_faces(factors, 16)
        torch.set_num_threads(3)
        assert np.array_equal(render_faces(factors, 16), one)
    finally:
        torch.set_num_threads(before)


def test_splits_share_no_face() -> None:
    train, test = (draw_factors(0, f"faces/{split}", range(2000)) for split in ("train", "test"))
    rows = {tuple(row) for row in np.stack([train[name] for name in CONTINUOUS], 1)}
    assert len(rows) == 2000
    assert not rows & {tuple(row) for row in np.stack([test[name] for name in CONTINUOUS], 1)}


def test_factors_follow_their_distributions() -> None:
    count = 20_000
    table = draw_factors(3, "faces/train", range(count))
    assert set(table) == set(FACTORS)
    for name, names in CATEGORIES.items():
        wanted = np.array([1 / 2] + 4 * [1 / 8] if name == "accessory" else len(names) * [1 / len(names)])
        share = np.bincount(table[name], minlength=len(names)) / count
        assert np.all(np.abs(share - wanted) < 5 * np.sqrt(wanted / count)), name
    for name in CONTINUOUS:
        assert_moments(table[name], mean=1 / 2, variance=1 / 12)
    assert_moments(table["mouth"], mean=1 / 3, variance=1 / 5 - 1 / 9)
    assert_moments(table["tilt"], mean=1 / 2, variance=1 / 24)
    values = np.stack([table[name].astype(np.float64) for name in FACTORS])
    assert np.abs(np.corrcoef(values) - np.eye(len(FACTORS))).max() < 5 / np.sqrt(count)


def assert_moments(values: np.ndarray, mean: float, variance: float) -> None:
    assert values.min() >= 0
    assert values.max() <= 1
    assert abs(values.mean() - mean) < 5 * np.sqrt(variance / len(values))
    assert abs(values.var() / variance - 1) < 0.05


@pytest.mark.parametrize("name", FACTORS)
def test_every_factor_changes_the_image(name: str) -> None:
    assert change(name, [0, 1]).max() > 8


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("mouth", (0.3, 0.65, -0.25, 0.25)),
        ("eye_colour", (-0.15, 0.4, -0.5, 0.5)),
        ("eye_size", (-0.2, 0.45, -0.5, 0.5)),
        ("brow", (-0.25, 0.1, -0.45, 0.45)),
        ("blush", (0.15, 0.45, -0.55, 0.55)),
        ("fringe", (-0.85, 0.4, -0.8, 0.8)),
        ("outfit", (0.6, 1.0, -1.0, 1.0)),
    ],
)
def test_a_factor_changes_its_own_region(name: str, inside: tuple[float, float, float, float]) -> None:
    changed = change(name, [0, 1])
    assert changed[rows(*inside)].sum() > 0.99 * changed.sum()


@pytest.mark.parametrize("name", ["hair_colour", "background", "skin", "outfit"])
def test_colours_of_other_parts_leave_the_iris_alone(name: str) -> None:
    left = change(name, [0, 2 if name != "skin" else 1])[rows(0.1, 0.2, -0.28, -0.2)]
    assert left.max() < 3


def test_resolutions_show_the_same_face() -> None:
    factors = draw_factors(0, "faces/train", range(64))
    small, large = (render_faces(factors, resolution).astype(np.float64) for resolution in (32, 64))
    shrunk = large.reshape(64, 3, 32, 2, 32, 2).mean((3, 5))
    assert np.abs(shrunk - small).mean() < 6.5  # of 255; 5.3 measured: lines are wider at 32 pixels on purpose
    other = np.abs(shrunk - np.roll(small, 1, axis=0)).mean()
    assert np.abs(shrunk - small).mean() < other / 8


def test_windows_hold_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer is drawn on a part of the canvas only; a larger part gives the same picture, at every tilt."""
    factors = draw_factors(0, "faces/train", range(512))
    factors["tilt"] = np.linspace(0, 1, 512, dtype=np.float32)
    images, slices = render_faces(factors, 32), Canvas._slices

    def wider(canvas: Canvas, box: Box) -> tuple[slice, slice]:
        return slices(canvas, (box[0] - 0.12, box[1] + 0.12, box[2] - 0.12, box[3] + 0.12))

    monkeypatch.setattr(Canvas, "_slices", wider)
    assert np.array_equal(render_faces(factors, 32), images)


def test_distance_to_an_ellipse() -> None:
    """Exact for a circle; to first order on the axes of an ellipse."""
    x, y = (grid.astype(np.float32) for grid in np.meshgrid(np.linspace(0.2, 2, 9), np.linspace(0.2, 2, 9)))
    np.testing.assert_allclose(ellipse(x, y, 0.7, 0.7), np.hypot(x, y) - 0.7, atol=1e-5)
    beside = ellipse(np.full(1, 2.01, np.float32), np.zeros(1, np.float32), 2.0, 1.0)
    np.testing.assert_allclose(beside, 0.01, atol=1e-4)


def test_thin_lines_do_not_vanish() -> None:
    """Wherever a line of a tenth of a pixel lies, it leaves the same ink, that of the root of its width."""
    centres = (np.arange(8, dtype=np.float32) + 0.5)[None, None]  # [1, 1, width]
    window = Window(np.zeros((1, 3, 1, 8), np.float32), centres, centres, 1.0)
    ink = [window.stroke(centres - place, 0.1).sum() for place in np.linspace(3, 5, 9, dtype=np.float32)]
    np.testing.assert_allclose(ink, np.sqrt(0.1), rtol=1e-5)


@pytest.mark.parametrize("resolution", [8, 24, 100])
def test_any_resolution(resolution: int) -> None:
    images = render_faces(draw_factors(0, "faces/train", range(3)), resolution)
    assert images.shape == (3, 3, resolution, resolution)
    assert images.dtype == np.uint8
    assert images.std() > 30


def test_rotation_is_the_double_of_its_half_angle() -> None:
    for angle in np.linspace(-1, 1, 7):
        np.testing.assert_allclose(rotation(np.tan(angle / 2)), (np.cos(angle), np.sin(angle)), atol=1e-12)


def test_cache_is_read_the_second_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))
    first = Faces(shape=(3, 16, 16), train_count=70, test_count=10, seed=0, label=None, reference="test")
    assert first.train.pixels.shape == (70, 3, 16, 16)
    assert first.test.pixels.shape == (10, 3, 16, 16)
    assert first.train.pixels.dtype == torch.uint8
    assert capsys.readouterr().err.startswith("rendering 80 faces at 16 x 16")
    monkeypatch.setattr("saddle.data.faces.dataset._render", None)
    second = Faces(shape=(3, 16, 16), train_count=70, test_count=10, seed=0, label=None, reference="test")
    assert torch.equal(second.train.pixels, first.train.pixels)
    assert torch.equal(second.test.pixels, first.test.pixels)
    assert capsys.readouterr().err == ""


def test_what_was_drawn_before_an_interruption_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))
    monkeypatch.setattr("saddle.data.faces.dataset.PIECE", 32)
    render, drawn = dataset.render_faces, list[int]()

    def interrupted(factors: Any, resolution: int) -> Any:
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(len(factors["tilt"]))
        return render(factors, resolution)

    def counted(factors: Any, resolution: int) -> Any:
        drawn.append(len(factors["tilt"]))
        return render(factors, resolution)

    monkeypatch.setattr("saddle.data.faces.dataset.render_faces", interrupted)
    arguments: Any = {"shape": (3, 16, 16), "train_count": 70, "test_count": 10, "seed": 0, "label": None}
    with pytest.raises(KeyboardInterrupt):
        Faces(**arguments, reference="test").train.pixels  # noqa: B018
    monkeypatch.setattr("saddle.data.faces.dataset.render_faces", counted)
    faces = Faces(**arguments, reference="test")
    assert np.array_equal(faces.train.pixels.numpy(), render(faces.factors("train"), 16))
    assert drawn == [32, 32, 6, 10]


@pytest.mark.parametrize("shape", [[3, 7, 7], [1, 32, 32], [3, 32, 64], [3, 32]])
def test_other_shapes_are_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"data\.shape is"):
        Faces(shape=shape, train_count=1, test_count=1, seed=0, label=None, reference="test")
