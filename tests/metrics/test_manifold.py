"""Precision, recall, density, coverage: by hand, by the published code, and where they must differ."""

from math import prod

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_fidelity.metric_prc import prc_features_to_metric

from points import normal
from saddle.metrics import manifold
from saddle.metrics.manifold import Manifold


def overlap(real: Tensor, fake: Tensor, neighbours: int = 3, dense: int = 5, most: int = 50_000) -> dict[str, float]:
    return Manifold(real=real, neighbours=neighbours, density_neighbours=dense, most=most)(fake)


def definition(real: Tensor, fake: Tensor, k: int, dense: int) -> dict[str, float]:
    """The papers' equations, with whole matrices of differences."""

    def balls(points: Tensor, centres: Tensor, k: int) -> Tensor:
        """Which point lies in which ball, none of them on an edge: [points, centres]."""
        within = (centres[:, None] - centres[None]).square().sum(-1)
        radii = within.sort(dim=1).values[:, k]  # column 0 is the point itself
        return (points[:, None] - centres[None]).square().sum(-1) <= radii

    precise, recalled, inside = balls(fake, real, k), balls(real, fake, k), balls(fake, real, dense)
    return {
        "precision": float(precise.any(dim=1).double().mean()),
        "recall": float(recalled.any(dim=1).double().mean()),
        "density": float(inside.sum()) / (dense * len(fake)),
        "coverage": float(inside.any(dim=0).double().mean()),
    }


def line(*points: float) -> Tensor:
    return torch.tensor(points, dtype=torch.float64)[:, None]


# Definitions


@pytest.mark.parametrize("counts", [(100, 90), (70, 130)])
def test_the_four_are_their_definitions(monkeypatch: pytest.MonkeyPatch, counts: tuple[int, int]) -> None:
    monkeypatch.setattr(manifold, "ROWS", 32)
    real, fake = normal("real", counts[0], 5), normal("fake", counts[1], 5) * 0.7 + 0.5
    for k, dense in ((1, 1), (3, 5), (5, 2)):
        found = overlap(real, fake, k, dense)
        assert found == pytest.approx(definition(real, fake, k, dense), rel=1e-14)
        assert len(set(found.values())) == 4


@pytest.mark.parametrize("save_memory", [False, True])
@pytest.mark.parametrize("neighbours", [1, 3])
def test_precision_and_recall_are_those_of_torch_fidelity_both_ways_round(save_memory: bool, neighbours: int) -> None:
    both = normal("left", 400, 16).float(), normal("right", 300, 16).float() * 0.6 + 0.4
    for real, fake in (both, both[::-1]):
        theirs = prc_features_to_metric(
            fake, real, prc_neighborhood=neighbours, prc_batch_size=128, save_cpu_ram=save_memory, verbose=False
        )
        found = overlap(real, fake, neighbours)
        assert found["precision"] == pytest.approx(theirs["precision"], abs=1e-6)  # theirs is a float32 mean
        assert found["recall"] == pytest.approx(theirs["recall"], abs=1e-6)
        assert abs(found["precision"] - found["recall"]) > 0.1


def test_by_hand() -> None:
    """Balls for k = 1. Real: -1 to 1, 0 to 2, 1 to 5. Generated: 0 to 1, 1 to 1, 1 to 1, -40.5 to 0.5."""
    assert overlap(line(0, 1, 3), line(0.5, 1, 1, -20), 1, 1) == {
        "precision": 3 / 4,  # -20 lies in no real ball
        "recall": 2 / 3,  # 3 lies in no generated one
        "density": (2 + 1 + 1 + 0) / 4,  # 1 is the centre of one real ball; the two on whose edges it lies are open
        "coverage": 2 / 3,  # the last ball has only 1, on its edge
    }


# What they are for


def modes() -> tuple[Tensor, Tensor]:
    return normal("left", 200, 2), normal("right", 200, 2) + 50


def test_a_generator_that_lost_a_mode_is_precise_and_recalls_and_covers_half() -> None:
    """The asymmetric case: with the arguments swapped the numbers change places."""
    left, right = modes()
    found = overlap(torch.cat([left, right]), left + 0.01)
    assert found["precision"] > 0.97
    assert found["density"] > 0.97
    assert 0.47 < found["recall"] <= 0.5
    assert 0.47 < found["coverage"] <= 0.5


def test_a_generator_with_an_invented_mode_is_imprecise_and_recalls_and_covers_all() -> None:
    left, invented = modes()
    found = overlap(left, torch.cat([left + 0.01, invented]))
    assert 0.47 < found["precision"] <= 0.5
    assert 0.47 < found["density"] <= 0.7  # between 5 / 5 and 6 / 5 of a half: nearly copies
    assert found["recall"] > 0.97
    assert found["coverage"] > 0.97


def test_an_outlier_among_the_real_images_inflates_precision_but_neither_density_nor_coverage() -> None:
    real = torch.cat([normal("real", 50, 2), torch.tensor([[1000.0, 0]])])
    nonsense = normal("nonsense", 40, 2) * 20 + torch.tensor([500.0, 300])
    found = overlap(real, nonsense)
    assert found["precision"] == 1
    assert found["density"] == 1 / 5
    assert found["coverage"] == 1 / 51


def test_an_outlier_among_the_generated_images_inflates_recall_but_not_coverage() -> None:
    real = normal("real", 50, 2) + torch.tensor([500.0, 300])
    fake = torch.cat([normal("fake", 50, 2), torch.tensor([[1000.0, 0]])])
    assert overlap(real, fake) == {"precision": 0, "recall": 1, "density": 0, "coverage": 0}


def test_a_generator_that_stays_at_the_centre_is_dense_and_covers_little() -> None:
    found = overlap(normal("real", 300, 2), normal("fake", 300, 2) * 0.1)
    assert found["density"] > 1
    assert found["precision"] > 0.99
    assert found["coverage"] < 0.2


@pytest.mark.parametrize("counts", [(100, 100), (100, 40), (40, 100)])
def test_density_and_coverage_of_perfect_samples_are_their_expectations(counts: tuple[int, int]) -> None:
    """Density 1; coverage 1 - prod_i (N - i) / (N + M - i), i = 1..k (Naeem et al. 2020), in any dimension."""
    (n, m), k = counts, 5
    rounds = [overlap(normal(f"r{i}", n, 4), normal(f"f{i}", m, 4)) for i in range(40)]
    covered = 1 - prod((n - i) / (n + m - i) for i in range(1, k + 1))
    for name, expected in (("density", 1), ("coverage", covered)):
        values = [found[name] for found in rounds]
        assert abs(np.mean(values) - expected) < 3 * np.std(values) / 40**0.5


# Rounding, and many images


@pytest.mark.parametrize(("size", "offset"), [(4, 0.0), (2048, 0.0), (64, 1e4)])
def test_copies_of_the_real_images_are_perfect(size: int, offset: float) -> None:
    """As prdc has it: the edges, on which a point lies that gave a ball its width, do not count for the density."""
    real = normal("real", 60, size) + offset
    assert overlap(real, real.flip(0)) == {"precision": 1, "recall": 1, "density": 1, "coverage": 1}


def test_images_with_copies_have_smaller_balls() -> None:
    """Each real image twice, and samples of the same distribution: all four fall, and the docstring says so."""
    real, fake = normal("real", 300, 4), normal("fake", 300, 4)
    once, twice = overlap(real, fake), overlap(real.repeat(2, 1), fake)
    assert all(twice[name] < once[name] for name in ("precision", "density", "coverage"))
    assert overlap(real, fake.repeat(2, 1))["recall"] < once["recall"]


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_balls_without_width_hold_the_copies_of_their_centre_if_they_are_closed(offset: float) -> None:
    """Each of 10 points 6 times: all radii are 0, and so is the distance of a copy, or nearly so."""
    once = normal("real", 10, 300) + offset
    real = once.repeat(6, 1)
    copies = overlap(real, once[:4].repeat(5, 1))
    assert copies == {"precision": 1, "recall": 4 / 10, "density": 0, "coverage": 0}
    others = overlap(real, (once + 1e-3)[:4].repeat(5, 1))
    assert others == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_above_the_limit_a_fixed_part_of_each_side_is_looked_at() -> None:
    real, fake = normal("real", 90, 3), normal("fake", 120, 3) + 0.3
    measure = Manifold(real=real, neighbours=3, density_neighbours=5, most=60)
    assert measure(fake) == overlap(real, fake, most=60) != overlap(real, fake, most=100)
    assert all(round(measure(fake)[name] * 60, 9).is_integer() for name in ("precision", "recall", "coverage"))
    assert measure(real)["precision"] == 1  # the same part of two sets of one size


def test_the_part_is_spread_over_the_set() -> None:
    """Folders are often sorted by kind."""
    left, right = modes()
    found = overlap(torch.cat([left, right]), left + 0.01, most=100)
    assert 0.35 < found["recall"] < 0.65


def test_too_few_images_for_the_neighbours_and_features_of_another_extractor() -> None:
    with pytest.raises(ValueError, match="more than 5 images, not 5"):
        overlap(normal("real", 5, 2), normal("fake", 9, 2))
    with pytest.raises(ValueError, match="more than 3 images, not 3"):
        overlap(normal("real", 9, 2), normal("fake", 3, 2))
    with pytest.raises(ValueError, match="2 features"):
        overlap(normal("real", 9, 2), normal("fake", 9, 3))
