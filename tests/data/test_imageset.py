"""Joined sets are the sets one after the other, whoever asks for which rows."""

import numpy as np
import pytest
import torch

from pictures import image_set, pictures
from saddle.data.digits import Digits
from saddle.data.disk.imageset import JoinedImages

PARTS = [pictures(name, count, 8) for name, count in (("first", 5), ("second", 3), ("third", 4))]
JOINED = JoinedImages(*map(image_set, PARTS))


@pytest.mark.parametrize("rows", [range(12), [4, 5], [7, 8], [11, 0, 5, 4, 8, 7, 5], [6], []], ids=str)
def test_rows_in_any_order_and_across_the_borders_are_those_of_all_images(rows: range | list[int]) -> None:
    picked = np.array(list(rows), dtype=np.int64)
    assert len(JOINED) == 12
    assert torch.equal(JOINED[picked], torch.cat(PARTS)[torch.from_numpy(picked)])


def test_the_digest_changes_with_each_part_and_with_their_order() -> None:
    first, second, third = map(image_set, PARTS)
    pairs = [(first, second), (second, first), (first, third), (third, second), (first, first)]
    assert len({JoinedImages(*pair).digest for pair in pairs}) == len(pairs)
    assert JoinedImages(first, second).digest == JoinedImages(*map(image_set, PARTS[:2])).digest


def test_all_images_of_a_set_are_those_to_train_on_and_then_the_others() -> None:
    digits = Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")
    every = digits.split("all")
    assert torch.equal(every[np.arange(1797)], torch.cat([digits.train.pixels, digits.test.pixels]))
