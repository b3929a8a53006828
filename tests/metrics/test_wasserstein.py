"""The sliced Wasserstein distance is what its definition says, and its pyramid restores the image."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from pictures import pictures
from saddle.metrics.extractors.pyramid import enlarged, pyramid
from saddle.metrics.wasserstein import SlicedWasserstein, distance
from saddle.noise import generator


@pytest.mark.parametrize(("size", "sides"), [(8, [8]), (16, [16]), (31, [31]), (32, [32, 16]), (66, [66, 33, 17])])
def test_levels_go_down_to_16_and_restore_the_image(size: int, sides: list[int]) -> None:
    images = pictures("pyramid", 2, size)
    levels = list(pyramid(images))
    assert [level.shape[-1] for level in levels] == sides
    restored = levels[-1]
    for level in reversed(levels[:-1]):
        restored = level + enlarged(restored, level.shape)
    torch.testing.assert_close(restored, images / 127.5 - 1)


def test_a_constant_image_has_nothing_in_its_finer_levels() -> None:
    levels = list(pyramid(torch.full((1, 3, 64, 64), 200, dtype=torch.uint8)))
    assert max(float(level.abs().max()) for level in levels[:-1]) < 1e-6


def test_the_same_images_are_at_0_and_others_as_far_both_ways() -> None:
    one, other = pictures("one", 50, 32), pictures("other", 50, 32)
    sliced = SlicedWasserstein(patches=4, projections=16)
    assert sliced.between(one, one) == 0
    assert sliced.between(one, other) == sliced.between(other, one) > 0


def test_it_is_the_mean_distance_of_sorted_projections() -> None:
    """Images as large as one patch leave no choice of position: the definition, written out."""
    one, other = pictures("one", 40, 7, channels=1), pictures("other", 40, 7, channels=1)
    directions = generator("swd", "directions", 0).standard_normal((49, 8), dtype=np.float32)
    directions /= np.linalg.norm(directions, axis=0)

    def projected(images: Tensor) -> np.ndarray:
        patches = images.numpy().reshape(40, 49).astype(np.float64) / 127.5 - 1
        return np.sort((patches - patches.mean()) / patches.std(ddof=1) @ directions, axis=0)

    expected = np.abs(projected(one) - projected(other)).mean()
    assert SlicedWasserstein(patches=1, projections=8).between(one, other) == pytest.approx(expected, rel=1e-4)


def test_each_channel_is_normalised_by_itself() -> None:
    """Channels of other brightness and contrast, written out: each of them counts the same."""
    contrast, brightness = torch.tensor([[1.0, 0.1, 0.4], [0.0, 200.0, 40.0]]).view(2, 3, 1, 1)
    one, other = ((pictures(name, 40, 7) * contrast + brightness).to(torch.uint8) for name in ("one", "other"))
    directions = generator("swd", "directions", 0).standard_normal((147, 8), dtype=np.float32)
    directions /= np.linalg.norm(directions, axis=0)

    def projected(images: Tensor) -> np.ndarray:
        values = images.numpy().reshape(40, 3, 49) / 127.5 - 1
        mean, deviation = values.mean((0, 2), keepdims=True), values.std((0, 2), ddof=1, keepdims=True)
        return np.sort(((values - mean) / deviation).reshape(40, 147) @ directions, axis=0)

    expected = np.abs(projected(one) - projected(other)).mean()
    assert SlicedWasserstein(patches=1, projections=8).between(one, other) == pytest.approx(expected, rel=1e-4)


def test_each_level_counts_the_same() -> None:
    """The mean over levels, which a maximum or a sum would not be."""
    sliced = SlicedWasserstein(patches=2, projections=8)
    first, second = (sliced.projected([sliced.patches(pictures(name, 30, 64))]) for name in ("one", "two"))
    assert len(first) == 3
    levels = [distance([one], [other]) for one, other in zip(first, second, strict=True)]
    assert distance(first, second) == pytest.approx(np.mean(levels))
    assert max(levels) > 1.05 * np.mean(levels)


def test_sets_of_unequal_size_are_compared_by_their_quantiles() -> None:
    draw = generator("test", "unequal")
    p, q = (np.sort(draw.standard_normal((4, count), np.float32)) for count in (6, 9))
    expected = np.mean([wasserstein_distance(one, other) for one, other in zip(p, q, strict=True)])
    assert distance([p], [q]) == pytest.approx(expected)
    assert distance([p], [p.repeat(3, axis=1)]) == pytest.approx(0, abs=1e-7)


def test_patches_lie_everywhere_and_do_not_depend_on_the_batches() -> None:
    """An image whose pixels are their own coordinates tells where its patches were cut."""
    where = torch.arange(32, dtype=torch.uint8).expand(1, 1, 32, 32)
    images = torch.cat([where, where.mT], dim=1).repeat(600, 1, 1, 1)  # [600, 2, 32, 32]
    marks = pictures("marks", 600, 32, channels=1)  # the places are a function of the pixels: without, all are equal
    images = torch.cat([images, marks], dim=1)
    sliced = SlicedWasserstein(patches=4, projections=2)
    whole = sliced.patches(images)
    parts = [sliced.patches(images[i : i + 77]) for i in range(0, 600, 77)]
    for level, pieces in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(level, torch.cat(pieces))
    coarse = whole[-1][:, :2, 0, 0]  # [2400, 2]: column and row of each patch's corner on the level of 16 x 16
    places = {(round(float(x), 3), round(float(y), 3)) for x, y in coarse}
    assert len(places) == 10 * 10


def test_it_does_not_see_brightness_and_contrast_but_sees_blur() -> None:
    """Less than to another draw, whose patches differ; the patches of changed images are in other places."""
    grain = generator("test", "grain").integers(0, 64, (2, 200, 3, 16, 16), dtype=np.uint8)
    real, other = ((pictures(name, 200, 16) // 8 + torch.from_numpy(own)) * 2 for name, own in zip("ab", grain))  # noqa: B905
    sliced = SlicedWasserstein(patches=8, projections=32)
    blurred = torch.nn.functional.avg_pool2d(real.float(), 3, 1, 1, count_include_pad=False).round().to(torch.uint8)
    between = sliced.between(real, other)
    assert sliced.between(real, real // 4 + 100) < 1.2 * between
    assert sliced.between(real, blurred) > 1.5 * between


def test_images_smaller_than_a_patch_are_refused() -> None:
    with pytest.raises(ValueError, match="patches of 7 x 7"):
        SlicedWasserstein(patches=2, projections=2).patches(pictures("small", 4, 6))
