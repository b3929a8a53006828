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
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddle.data.pixels import to_uint8
from saddle.metrics.evaluator import Evaluator
from saddle.metrics.extractor import Extractor
from saddle.metrics.frechet import Gaussian, frechet_distance
from saddle.metrics.kernel import KernelDistance
from saddle.metrics.manifold import Manifold
from saddle.metrics.wasserstein import SlicedWasserstein, enlarged, pyramid
from saddle.noise import generator, noise

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
    overlap = Manifold(real=real, neighbours=3, density_neighbours=3, most=50_000)(fake)
    assert found == {
        "fd_thumbnail": pytest.approx(frechet_distance(Gaussian.fitted(real), Gaussian.fitted(fake))),
        "kd_thumbnail": pytest.approx(KernelDistance(real=real)(fake)),
        "precision_thumbnail": overlap["precision"],
        "recall_thumbnail": overlap["recall"],
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
