"""The handwritten digits: the published images, a split that never changes, other sizes."""

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import avg_pool2d

from saddle.data.digits import Digits


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")


def test_the_two_splits_are_all_published_digits_once(digits: Digits) -> None:
    assert (len(digits.train), len(digits.test)) == (1437, 360)
    ours = torch.cat([digits.train.pixels, digits.test.pixels]).flatten(1).numpy()
    levels = np.round(ours * (16 / 255)).astype(int)
    published = load_digits().data.astype(int)
    assert sorted(map(bytes, levels.astype(np.uint8))) == sorted(map(bytes, published.astype(np.uint8)))


def test_labels_belong_to_the_images(digits: Digits) -> None:
    published = load_digits()
    label = {bytes(row.astype(np.uint8)): target for row, target in zip(published.data, published.target, strict=True)}
    for split, images in (("train", digits.train.pixels), ("test", digits.test.pixels)):
        rows = np.round(images.flatten(1).numpy() * (16 / 255)).astype(np.uint8)
        np.testing.assert_array_equal(digits.factors(split)["digit"], [label[bytes(row)] for row in rows])


def test_the_split_never_changes(digits: Digits) -> None:
    found = sha256(digits.factors("test")["digit"].tobytes()).hexdigest()[:16]
    assert found == "c860d7dc79b1ea43"


def test_both_splits_hold_every_digit(digits: Digits) -> None:
    for split in ("train", "test"):
        assert np.bincount(digits.factors(split)["digit"]).min() >= 0.07 * len(digits.factors(split)["digit"])


def test_enlarged_digits_show_the_same(digits: Digits) -> None:
    larger = Digits(shape=(1, 32, 32), test_count=360, label="digit", reference="test")
    assert larger.test.pixels.shape == (360, 1, 32, 32)
    back = avg_pool2d(larger.test.pixels.float(), 4)
    assert np.corrcoef(back.flatten(), digits.test.pixels.flatten())[0, 1] > 0.98


@pytest.mark.parametrize("shape", [[3, 8, 8], [1, 8, 16], [1, 12, 12], [1, 4, 4], [8, 8]])
def test_another_shape_is_refused_with_what_would_be_right(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"multiple of 8.*resolution="):
        Digits(shape=shape, test_count=360, label="digit", reference="test")


@pytest.mark.parametrize("test_count", [0, 1797])
def test_a_split_without_images_is_refused(test_count: int) -> None:
    with pytest.raises(ValueError, match="1797 images in all"):
        Digits(shape=(1, 8, 8), test_count=test_count, label="digit", reference="test")
