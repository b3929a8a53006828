"""The floor of a Frechet distance against a known answer: the mean distance of fresh samples."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from points import normal
from saddle.metrics.floor import frechet_floor, split_distances
from saddle.metrics.frechet import GaussianFit, frechet_distance


def draw(name: str, count: int, size: int, slope: float) -> Tensor:
    """Features whose variances fall as i^-slope."""
    return normal(name, count, size) / torch.arange(1, size + 1) ** (slope / 2)


def floors(sizes: tuple[int, int], size: int, slope: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The floors and uncertainties of six sets, in units of the mean distance between fresh samples."""
    pairs = [[draw(f"{i} {n}", count, size, slope) for n, count in enumerate(sizes)] for i in range(16)]
    truth = np.mean([frechet_distance(*map(GaussianFit.fitted, pair)) for pair in pairs])
    splits = [split_distances(draw(f"set {i}", sizes[1], size, slope)) for i in range(6)]
    values, errors = np.array([frechet_floor(**split, sizes=sizes) for split in splits]).T
    return values / truth, errors / truth


@pytest.mark.parametrize("sizes", [(400, 400), (100, 400), (800, 400)])
def test_the_floor_is_the_mean_distance_of_fresh_samples(sizes: tuple[int, int]) -> None:
    """Also where an evaluation has other numbers of generated and of real images; half against half is twice as far."""
    values, errors = floors(sizes, 48, 0)
    assert np.mean(values) == pytest.approx(1, abs=0.05)
    assert np.mean(errors) < 0.06


@pytest.mark.parametrize(("count", "size", "slope"), [(60, 64, 0.5), (40, 160, 1.0), (40, 160, 0.0)])
def test_with_fewer_images_than_features_the_floor_is_right_to_its_uncertainty(
    count: int, size: int, slope: float
) -> None:
    values, errors = floors((count, count), size, slope)
    assert abs(np.mean(values) - 1) < np.mean(errors) < 0.25


def test_equal_images_have_the_floor_0() -> None:
    assert frechet_floor(**split_distances(torch.ones(20, 3)), sizes=(20, 20)) == (0, 0)
