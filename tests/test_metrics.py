"""The distances state mathematics; the evaluator keeps its promises."""

import functools
import operator
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d
from torchmetrics.image.kid import KernelInceptionDistance

from saddle.data.pixels import to_uint8
from saddle.metrics import kernel, manifold
from saddle.metrics.evaluator import Evaluator
from saddle.metrics.extractor import Extractor
from saddle.metrics.frechet import FrechetDistance
from saddle.metrics.kernel import KernelDistance
from saddle.metrics.manifold import PrecisionRecall
from saddle.metrics.wasserstein import SlicedWasserstein, enlarged, pyramid
from saddle.noise import generator, noise


def normal(name: str, count: int, size: int) -> Tensor:
    return torch.from_numpy(generator("test metrics", name).standard_normal((count, size)))


def exact(name: str, count: int, deviations: Sequence[float]) -> Tensor:
    """Points whose mean is exactly 0 and whose covariance is exactly diagonal."""
    points = normal(name, count, len(deviations)).numpy()
    orthogonal, _ = np.linalg.qr(points - points.mean(axis=0))
    return torch.from_numpy(orthogonal * np.sqrt(count - 1) * np.asarray(deviations))


# Frechet distance


def test_frechet_distance_of_a_shift_is_its_squared_length() -> None:
    real = normal("real", 300, 6)
    shift = torch.arange(6.0, dtype=torch.float64)
    assert FrechetDistance(real=real)(real + shift) == pytest.approx(55, rel=1e-9)


def test_frechet_distance_of_diagonal_gaussians() -> None:
    """tr(S + T - 2 (S T)^(1/2)) is the sum of (s - t)^2 over the standard deviations."""
    real, fake = exact("a", 200, [1, 2, 3]), exact("b", 150, [1, 5, 0.5])
    assert FrechetDistance(real=real)(fake) == pytest.approx(0 + 9 + 6.25, rel=1e-7)


def test_frechet_distance_is_the_closed_form() -> None:
    real = normal("real", 500, 8) @ normal("mix", 8, 8)
    fake = normal("fake", 400, 8) @ normal("other mix", 8, 8) + 0.3
    s, t = np.cov(real.numpy().T), np.cov(fake.numpy().T)
    expected = float((real.mean(0) - fake.mean(0)).square().sum()) + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
    assert FrechetDistance(real=real)(fake) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_keeps_the_real_side_and_forgets_the_other() -> None:
    real, first, second = normal("real", 100, 4), normal("first", 100, 4) * 3, normal("second", 100, 4)
    distance = FrechetDistance(real=real)
    distance(first)
    assert distance(second) == FrechetDistance(real=real)(second)


# Kernel distance


def test_kernel_distance_is_torchmetrics_with_one_subset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "ROWS", 64)  # 150 images: two full blocks and a part
    real, fake = normal("real", 150, 10), normal("fake", 150, 10) * 1.2 + 0.1
    theirs = KernelInceptionDistance(feature=torch.nn.Identity(), subsets=1, subset_size=150)
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    with torch.random.fork_rng():
        expected = float(theirs.compute()[0])
    assert KernelDistance(real=real)(fake) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_of_sets_of_different_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "ROWS", 16)
    real, fake = normal("real", 50, 3), normal("fake", 23, 3) + 1

    def mean_kernel(x: Tensor, y: Tensor, same: bool) -> float:
        values = [
            float((a @ b / 3 + 1) ** 3) for i, a in enumerate(x) for j, b in enumerate(y) if not (same and i == j)
        ]
        return sum(values) / len(values)

    expected = mean_kernel(real, real, True) + mean_kernel(fake, fake, True) - 2 * mean_kernel(real, fake, False)
    assert KernelDistance(real=real)(fake) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_is_unbiased() -> None:
    """Over many pairs of small sets from one distribution its mean is 0; the biased estimate would be about 8 / 20."""
    values = [KernelDistance(real=normal(f"r{i}", 20, 4))(normal(f"f{i}", 20, 4)) for i in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20


# Precision and recall


def manifold_reference(real: Tensor, fake: Tensor, k: int) -> tuple[float, float]:
    """Kynkaanniemi et al. 2019, equations 1 and 2, with whole distance matrices."""

    def covered(points: Tensor, centres: Tensor) -> float:
        radii = torch.cdist(centres, centres).sort(dim=1).values[:, k]  # column 0 is the point itself
        return float((torch.cdist(points, centres) <= radii).any(dim=1).double().mean())

    return covered(fake, real), covered(real, fake)


def test_precision_and_recall_are_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifold, "ROWS", 32)
    real, fake = normal("real", 100, 5), normal("fake", 90, 5) * 0.7 + 0.5
    for k in (1, 3, 5):
        found = PrecisionRecall(real=real, neighbours=k)(fake)
        assert found == manifold_reference(real, fake, k)
        assert found[0] != found[1]


def test_a_generator_that_lost_a_mode_is_precise_and_recalls_half() -> None:
    """The asymmetric case: with the arguments swapped the two numbers change places."""
    left, right = normal("left", 200, 2), normal("right", 200, 2) + 50
    precision, recall = PrecisionRecall(real=torch.cat([left, right]), neighbours=3)(left + 0.01)
    assert precision > 0.97
    assert 0.47 < recall <= 0.5


def test_a_generator_with_an_invented_mode_is_imprecise_and_recalls_all() -> None:
    left, invented = normal("left", 200, 2), normal("invented", 200, 2) - 50
    precision, recall = PrecisionRecall(real=left, neighbours=3)(torch.cat([left + 0.01, invented]))
    assert 0.47 < precision <= 0.5
    assert recall > 0.97


def test_copies_of_the_real_images_are_perfect() -> None:
    real = normal("real", 60, 4)
    assert PrecisionRecall(real=real, neighbours=3)(real.clone()) == (1, 1)


def test_too_few_images_for_the_neighbours() -> None:
    with pytest.raises(ValueError, match="more than 3 images, not 3"):
        PrecisionRecall(real=normal("real", 3, 2), neighbours=3)


# Sliced Wasserstein distance


def pictures(name: str, count: int, size: int, channels: int = 3) -> Tensor:
    """Smooth random images, far from black and white."""
    coarse = generator("test pictures", name).uniform(-0.5, 0.5, (count, channels, 6, 6))
    return to_uint8(torch.nn.functional.interpolate(torch.from_numpy(coarse), size=(size, size), mode="bilinear"))


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


def test_swd_of_the_same_images_is_0_and_of_others_the_same_both_ways() -> None:
    one, other = pictures("one", 50, 32), pictures("other", 50, 32)
    settings = {"patches": 4, "projections": 16}
    assert SlicedWasserstein(real=one, **settings)(one) == 0
    forth, back = SlicedWasserstein(real=one, **settings)(other), SlicedWasserstein(real=other, **settings)(one)
    assert forth == back > 0


def test_swd_is_the_mean_distance_of_sorted_projections() -> None:
    """Images as large as one patch leave no choice of position: the definition, written out."""
    one, other = pictures("one", 40, 7, channels=1), pictures("other", 40, 7, channels=1)
    directions = generator("swd", "directions", 0).standard_normal((49, 8), dtype=np.float32)
    directions /= np.linalg.norm(directions, axis=0)

    def projected(images: Tensor) -> np.ndarray:
        patches = images.numpy().reshape(40, 49).astype(np.float64) / 127.5 - 1
        return np.sort((patches - patches.mean()) / patches.std(ddof=1) @ directions, axis=0)

    expected = np.abs(projected(one) - projected(other)).mean()
    assert SlicedWasserstein(real=one, patches=1, projections=8)(other) == pytest.approx(expected, rel=1e-4)


def test_swd_does_not_see_brightness_and_contrast_but_sees_blur() -> None:
    real = pictures("real", 200, 16) // 4 * 4
    distance = SlicedWasserstein(real=real, patches=8, projections=32)
    blurred = real.float().unfold(2, 3, 1).unfold(3, 3, 1).mean((4, 5)).round().to(torch.uint8)
    same_size = torch.nn.functional.pad(blurred.float(), (1, 1, 1, 1), mode="replicate").to(torch.uint8)
    assert distance(real // 4 + 100) < 0.1 * distance(same_size)


def test_swd_refuses_what_it_cannot_compare() -> None:
    with pytest.raises(ValueError, match="patches of 7 x 7"):
        SlicedWasserstein(real=pictures("small", 4, 6), patches=2, projections=2)
    with pytest.raises(ValueError, match="as many images"):
        SlicedWasserstein(real=pictures("real", 4, 8), patches=2, projections=2)(pictures("fake", 5, 8))


# The evaluator


class Thumbnail(Extractor):
    """Images of 4 x 4 averages, as features; counts what it is shown."""

    name = "thumbnail"
    num_features = 48
    digest = "0" * 16
    resize = "averaged to 4 x 4"
    channels = 3

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()), requires_grad=False)
        self.shown = 0

    def features(self, images: Tensor) -> Tensor:
        self.shown += len(images)
        return adaptive_avg_pool2d(images * self.scale, 4).flatten(1)


REFERENCE = pictures("reference", 200, 16)
GENERATED = pictures("generated", 200, 16)


def evaluator(**changes: object) -> Evaluator:
    settings: dict[str, Any] = {
        "extractor": Thumbnail(),
        "reference": REFERENCE,
        "split": "test",
        "count": None,
        "batch_size": 64,
        "neighbours": 3,
        "patches": 4,
        "projections": 16,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Evaluator(**(settings | changes))


def generated(indices: Sequence[int]) -> Tensor:
    return GENERATED[list(indices)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))


def test_the_numbers_are_those_of_the_distances() -> None:
    found = evaluator()(generated)
    real, fake = (Thumbnail()(images).double() for images in (REFERENCE, GENERATED))
    precision, recall = PrecisionRecall(real=real, neighbours=3)(fake)
    assert found == {
        "fd_thumbnail": pytest.approx(FrechetDistance(real=real)(fake)),
        "kd_thumbnail": pytest.approx(KernelDistance(real=real)(fake)),
        "precision_thumbnail": precision,
        "recall_thumbnail": recall,
        "swd": SlicedWasserstein(real=REFERENCE, patches=4, projections=16)(GENERATED),
    }


def test_every_index_is_drawn_once_in_batches() -> None:
    drawn: list[list[int]] = []

    def sample(indices: Sequence[int]) -> Tensor:
        drawn.append(list(indices))
        return generated(indices)

    evaluator(count=150)(sample)
    assert [len(batch) for batch in drawn] == [64, 64, 22]
    assert functools.reduce(operator.iadd, drawn, []) == list(range(150))


def test_the_batch_size_and_an_earlier_evaluation_change_nothing() -> None:
    once = evaluator(batch_size=200)(generated)
    twice = evaluator(batch_size=7)
    twice(lambda indices: REFERENCE[list(indices)])
    assert twice(generated) == pytest.approx(once, rel=1e-9)


def test_nothing_is_drawn_from_global_generators_and_no_mode_changes() -> None:
    module = torch.nn.BatchNorm2d(3).train()
    before, numpy_before = torch.random.get_rng_state(), repr(np.random.get_state())  # noqa: NPY002
    evaluator()(lambda indices: to_uint8(module(generated(indices) / 127.5 - 1)))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert repr(np.random.get_state()) == numpy_before  # noqa: NPY002
    assert module.training


def test_real_features_are_computed_once_for_all_evaluators_of_a_set() -> None:
    first, second, other = Thumbnail(), Thumbnail(), Thumbnail()
    evaluator(extractor=first)(generated)
    evaluator(extractor=second)(generated)
    evaluator(extractor=other, reference=255 - REFERENCE)(generated)
    assert (first.shown, second.shown, other.shown) == (400, 200, 400)


def test_other_weights_do_not_share_cached_features() -> None:
    evaluator()(generated)
    other = Thumbnail()
    other.digest = "1" * 16
    other.scale.fill_(2)
    found = evaluator(extractor=other)(generated)
    assert found["fd_thumbnail"] == pytest.approx(4 * evaluator()(generated)["fd_thumbnail"])


def test_a_part_of_the_reference_is_fixed_and_spread_over_it() -> None:
    part = evaluator(count=50).reference
    assert torch.equal(part, evaluator(count=50).reference)
    rows = [int((image == REFERENCE).flatten(1).all(1).nonzero()[0, 0]) for image in part]
    assert rows == sorted(set(rows))
    assert min(rows) < 50
    assert max(rows) > 150


def test_count_is_the_size_of_the_reference_and_at_most_10_000() -> None:
    assert evaluator().count == 200
    assert evaluator(reference=torch.zeros(10_500, 3, 1, 1, dtype=torch.uint8)).count == 10_000
    assert evaluator(reference=torch.zeros(10_500, 3, 1, 1, dtype=torch.uint8), count=10_500).count == 10_500


def test_more_images_than_the_reference_has_are_refused() -> None:
    with pytest.raises(ValueError, match="evaluate_images=201, but the reference has 200"):
        evaluator(count=201)


def test_too_few_images_are_refused_before_any_is_drawn() -> None:
    with pytest.raises(ValueError, match="need more images"):
        evaluator(count=3)


def test_few_images_are_warned_of() -> None:
    settings: dict[str, Any] = {
        "extractor": Thumbnail(),
        "split": "test",
        "batch_size": 64,
        "neighbours": 3,
        "patches": 4,
        "projections": 4,
    }
    with pytest.warns(UserWarning, match="measured on 999 images"):
        Evaluator(reference=torch.zeros(999, 3, 1, 1, dtype=torch.uint8), count=None, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Evaluator(reference=torch.zeros(1000, 3, 1, 1, dtype=torch.uint8), count=None, **settings)


def test_the_protocol_names_what_the_numbers_depend_on() -> None:
    protocol = evaluator(count=150).protocol()
    assert protocol["extractor"] == "thumbnail"
    assert protocol["extractor_digest"] == "0" * 16
    assert protocol["images_real"] == protocol["images_generated"] == 150
    assert protocol["reference_split"] == "test"
    assert protocol["torch"] == version("torch")
    assert protocol != evaluator(count=151).protocol()
    assert (
        protocol["reference_digest"] != evaluator(reference=255 - REFERENCE, count=150).protocol()["reference_digest"]
    )


def test_an_image_of_noise_is_worse_in_every_number_than_a_real_one() -> None:
    found = evaluator()(lambda indices: to_uint8(noise(0, "test", 0, indices, [3, 16, 16])))
    real = evaluator()(lambda indices: REFERENCE[list(indices)])
    for smaller in ("fd_thumbnail", "kd_thumbnail", "swd"):
        assert found[smaller] > real[smaller]
    for larger in ("precision_thumbnail", "recall_thumbnail"):
        assert found[larger] < real[larger]
