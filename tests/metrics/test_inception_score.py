"""The inception score: closed forms, and the published code."""

import math

import pytest
import torch
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

from points import normal
from saddle.metrics.inception_score import inception_score
from saddle.metrics.order import random_order


@pytest.mark.parametrize(("count", "splits"), [(1000, 10), (1003, 10), (77, 1), (13, 13)])
def test_score_is_that_of_torch_fidelity_with_the_same_parts(count: int, splits: int) -> None:
    logits = normal("logits", count, 30).float() * 3
    shuffled = logits[random_order(logits)]
    expected = isc_features_to_metric(shuffled, splits=splits, shuffle=False)[KEY_METRIC_ISC_MEAN]
    assert inception_score(logits, splits) == pytest.approx(expected, rel=1e-12)


def test_images_sorted_by_class_score_as_torch_fidelity_says_by_default() -> None:
    """It shuffles; contiguous parts of such images score about 1. Parts are random in both, so nearly the same."""
    logits = normal("logits", 1_000, 10).float() + 5 * torch.eye(10).repeat_interleave(100, dim=0)
    theirs = isc_features_to_metric(logits, splits=10)[KEY_METRIC_ISC_MEAN]
    contiguous = isc_features_to_metric(logits, splits=10, shuffle=False)[KEY_METRIC_ISC_MEAN]
    assert contiguous < 1.5 < 5 < inception_score(logits, 10) == pytest.approx(theirs, rel=0.02)


def test_images_that_all_look_the_same_score_1() -> None:
    assert inception_score(normal("logits", 1, 10).expand(50, 10), 5) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("size", [50, 1e5])
def test_images_that_are_certain_and_of_all_classes_score_the_number_of_classes(size: float) -> None:
    """Also where the probability of a class is 0 in float64, for each image of a part or for all of them."""
    logits = size * torch.eye(8).repeat(12, 1)
    assert inception_score(logits, 1) == pytest.approx(8, rel=1e-12)
    assert inception_score(torch.cat([logits, -size * torch.ones(96, 3)], dim=1), 1) == pytest.approx(8, rel=1e-12)


def test_score_of_two_certain_classes_is_the_exponential_of_their_entropy() -> None:
    logits = 1e3 * torch.eye(2)[torch.tensor([0, 0, 0, 1])]
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert inception_score(logits, 1) == pytest.approx(math.exp(entropy), rel=1e-12)


def test_every_part_has_a_marginal_of_its_own() -> None:
    """A part of a single image says nothing about diversity."""
    logits = 1e3 * torch.eye(2).repeat_interleave(10, dim=0)
    assert inception_score(logits, 1) == pytest.approx(2)
    assert inception_score(logits, 20) == pytest.approx(1)


def test_what_has_no_score_is_refused() -> None:
    with pytest.raises(ValueError, match="9 images in 10 parts"):
        inception_score(torch.zeros(9, 4), 10)
    with pytest.raises(ValueError, match="finite"):
        inception_score(torch.full((20, 4), torch.nan), 10)
