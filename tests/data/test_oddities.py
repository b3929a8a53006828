"""What is odd about a person's images is said before training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hostile import RANDOM, SIDE
from saddle.data.disk.folder import Folder
from saddle.data.disk.oddities import oddities

WHITE = (255, 255, 255)
NOISE = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (100, 3, 8, 8), dtype=np.uint8))


def test_usual_images_are_not_odd() -> None:
    assert oddities(NOISE, WHITE) == []
    assert oddities(NOISE[:1], WHITE) == []
    assert oddities(NOISE[:, :1], WHITE) == []


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (
            torch.cat([NOISE[:98], torch.full((2, 3, 8, 8), 200)]).byte(),
            ["2 of 100 images have one colour", "1 of 100"],
        ),
        (torch.cat([NOISE, NOISE[:2]]), ["2 of 102 images are copies of others"]),
        (NOISE // 16, ["range from 0 to 15 of 0 to 255, 6% of the range"]),
        (NOISE // 16 + 200, ["range from 200 to 215"]),
        (
            torch.where(torch.arange(64).view(8, 8) > 58, NOISE, 255).byte(),
            ["of all pixels have the colour of the background"],
        ),
        (
            torch.full((3, 1, 8, 8), 255, dtype=torch.uint8),
            ["3 of 3 images have one colour", "2 of 3 images are copies"],
        ),
    ],
)
def test_each_oddity_is_named_with_its_number(images: torch.Tensor, words: list[str]) -> None:
    found = oddities(images, WHITE if images.shape[1] == 3 else (0, 0, 0))
    assert len(found) == len(words), found
    assert all(word in line for word, line in zip(words, found, strict=True)), found


def test_white_drawings_are_noticed_and_seen_on_black(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "logos").mkdir()
    for i in range(3):
        logo = np.full((SIDE, SIDE, 4), 255, dtype=np.uint8)
        logo[..., 3] = np.roll(RANDOM[..., 0], i)
        Image.fromarray(logo).save(tmp_path / f"logos/{i}.png")

    def logos(background: tuple[int, int, int]) -> Folder:
        return Folder(
            root=tmp_path / "logos",
            shape=(3, SIDE, SIDE),
            corrupt="refuse",
            enlarge=False,
            background=background,
            label=None,
            reference="all",
        )

    first, second = logos(WHITE)._decoded.oddities
    assert "3 of 3 images have one colour only" in first
    assert "data.background=[0,0,0]" in first
    assert "2 of 3 images are copies" in second
    assert logos(WHITE).facts()["oddities"] == [first, second]
    assert "oddities" not in logos((0, 0, 0)).facts()
    assert np.array_equal(logos((0, 0, 0)).train[np.array([0])][0, 1], RANDOM[..., 0])
    assert logos((9, 0, 7)).train[np.array([0])].amin((0, 2, 3)).tolist() >= [9, 0, 7]
