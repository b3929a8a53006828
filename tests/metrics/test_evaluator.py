"""The evaluator keeps its promises: which images, under which name, from which cache, leaving no trace."""

import functools
import math
import operator
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from options import build
from pictures import Judge, Thumbnail, image_set, pictures
from saddle.data.disk.imageset import StoredImages
from saddle.data.pixels import to_uint8
from saddle.metrics.evaluator import ImageEvaluator
from saddle.metrics.extractors.features import features_of
from saddle.metrics.floor import METHOD
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.metrics.inception_score import inception_score
from saddle.metrics.kernel import MeanDiscrepancy
from saddle.metrics.manifold import Manifold
from saddle.metrics.nearest import nearest
from saddle.metrics.reference import Reference
from saddle.metrics.sliced import SlicedWassersteinDistance
from saddle.metrics.wasserstein import SlicedWasserstein

REFERENCE = pictures("reference", 200, 16)
GENERATED = pictures("generated", 200, 16)


def reference(images: Tensor = REFERENCE, count: int | None = None) -> Reference:
    return Reference(images=image_set(images), split="test", count=count)


METRICS: dict[str, dict[str, Any]] = {
    "frechet": {},
    "kernel": {},
    "inception_score": {"score_splits": 4},
    "prdc": {"neighbours": 3, "density_neighbours": 5, "neighbour_images": 1000},
    "diversity": {},
    "class_accuracy": {},
    "class_frechet": {"class_images": 20},
    "swd": {"patches": 4, "projections": 16},
}


def evaluator(*, swd: dict[str, int] | None = None, **changes: object) -> ImageEvaluator:
    """The evaluator of images with all metrics, some of its settings, or of those of swd, changed."""
    metrics = {**METRICS, "swd": METRICS["swd"] | (swd or {})}
    settings: dict[str, Any] = {
        "metrics": {name: build("metric", name, **own) for name, own in metrics.items()},
        "extractors": [Thumbnail()],
        "reference": reference(),
        "labels": None,
        "count": None,
        "batch_size": 64,
    }
    return ImageEvaluator(**(settings | changes))


def swd(real: Reference) -> SlicedWassersteinDistance:
    return build("metric", "swd", **METRICS["swd"])(real=real)


pytestmark = pytest.mark.filterwarnings("ignore:.* generated and .* real images")


def generated(indices: range) -> Tensor:
    return GENERATED[list(indices)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))


def test_the_numbers_are_those_of_the_distances() -> None:
    found = evaluator()(generated)
    real, fake = (Thumbnail()(images) for images in (REFERENCE, GENERATED))
    overlap = Manifold(real=real, neighbours=3, density_neighbours=5, most=1000)(fake)
    assert found == {
        "fd_thumbnail": pytest.approx(frechet_distance(GaussianFit.fitted(real), GaussianFit.fitted(fake))),
        "kd_thumbnail": pytest.approx(MeanDiscrepancy(real=real)(fake)),
        **{f"{metric}_thumbnail": value for metric, value in overlap.items()},
        "diversity_thumbnail": pytest.approx(float(fake.double().var(0).sum() / real.double().var(0).sum())),
        "swd": SlicedWasserstein(patches=4, projections=16).between(REFERENCE, GENERATED),
    }


def test_several_extractors_see_the_same_images_in_one_pass() -> None:
    drawn: list[int] = []

    def sample(indices: range) -> Tensor:
        drawn.extend(indices)
        return generated(indices)

    both = evaluator(extractors=[Thumbnail(), Judge()])
    found = both(sample)
    assert drawn == list(range(200))
    assert list(found) == list(both.higher_is_better)
    assert both.main_metric == "fd_thumbnail"
    assert found["fid"] == found["fd_thumbnail"]
    assert found["recall_judge"] == found["recall_thumbnail"]
    assert found["judge_score"] == pytest.approx(inception_score(Judge()(GENERATED)[:, :10] / 25, 4))
    assert "thumbnail_score" not in found


def test_every_index_is_drawn_once_in_batches() -> None:
    drawn: list[list[int]] = []

    def sample(indices: range) -> Tensor:
        drawn.append(list(indices))
        return generated(indices)

    evaluator(reference=reference(count=150))(sample)
    assert [len(batch) for batch in drawn] == [64, 64, 22]
    assert functools.reduce(operator.iadd, drawn, []) == list(range(150))


def test_the_batch_size_and_an_earlier_evaluation_change_nothing() -> None:
    once = evaluator(batch_size=200)(generated)
    twice = evaluator(batch_size=7)
    twice(lambda indices: REFERENCE[list(indices)])
    assert twice(generated) == pytest.approx(once, rel=1e-9)


def test_sides_of_unequal_size_are_all_looked_at() -> None:
    found = evaluator(count=120)(generated)
    real, fake = Thumbnail()(REFERENCE), Thumbnail()(GENERATED[:120])
    assert found["fd_thumbnail"] == pytest.approx(frechet_distance(GaussianFit.fitted(real), GaussianFit.fitted(fake)))
    assert found["swd"] == SlicedWasserstein(patches=4, projections=16).between(REFERENCE, GENERATED[:120])


def test_nothing_is_drawn_from_global_generators_and_no_mode_changes() -> None:
    module = torch.nn.BatchNorm2d(3).train()
    before, numpy_before = torch.random.get_rng_state(), repr(np.random.get_state())  # noqa: NPY002  # the global state is the subject
    evaluator()(lambda indices: to_uint8(module(generated(indices) / 127.5 - 1)))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert repr(np.random.get_state()) == numpy_before  # noqa: NPY002  # the global state is the subject
    assert module.training


def test_a_second_evaluation_touches_no_real_image() -> None:
    """Features, moments, floor and patches of the real side come from the cache; a digest is enough to find them."""

    def gone() -> Tensor:
        raise AssertionError("a real image was looked at")

    first, second = Thumbnail(), Thumbnail()
    once = evaluator(extractors=[first])
    numbers, floor = once(generated), once.floor()
    stored = image_set(REFERENCE)
    unseen = StoredImages(digest=stored.digest, shape=REFERENCE.shape, load=gone)
    again = evaluator(extractors=[second], reference=Reference(images=unseen, split="test", count=200))
    assert (again(generated), again.floor()) == (numbers, floor)
    assert (first.shown, second.shown) == (400, 200)


def test_other_images_are_noticed() -> None:
    """A set that changed under the same name: famous suites reuse the statistics of the old one."""
    before = evaluator()(generated)
    changed = REFERENCE.clone()
    changed[17] = 255 - changed[17]
    after = evaluator(reference=reference(changed))(generated)
    assert all(after[name] != before[name] for name in ("fd_thumbnail", "kd_thumbnail", "swd"))


def test_other_weights_do_not_share_cached_features() -> None:
    evaluator()(generated)
    other = Thumbnail()
    other.digest = "1" * 16
    other.scale.fill_(2)
    found = evaluator(extractors=[other])(generated)
    assert found["fd_thumbnail"] == pytest.approx(4 * evaluator()(generated)["fd_thumbnail"])


@pytest.mark.parametrize("changed", [{"patches": 5}, {"projections": 17}], ids=str)
def test_other_patches_and_directions_do_not_share_a_cache(changed: dict[str, int]) -> None:
    evaluator()(generated)
    found = evaluator(swd=changed)(generated)["swd"]
    assert found == SlicedWasserstein(**{"patches": 4, "projections": 16, **changed}).between(REFERENCE, GENERATED)


@pytest.mark.parametrize("changed", ["digest", "resize"])
def test_features_of_other_weights_or_another_resize_are_computed_anew(changed: str) -> None:
    evaluator()(generated)
    other = Thumbnail()
    setattr(other, changed, "another")
    evaluator(extractors=[other])(generated)
    assert other.shown == 400


def test_what_another_torch_or_device_computed_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    real, again = reference(), Thumbnail()
    features_of(Thumbnail(), real, 64)
    metric = swd(real)
    metric.compute([metric.keep(GENERATED, range(200))])
    features_of(again, real, 64)
    assert again.shown == 0
    with pytest.raises(RuntimeError):  # nothing is computed on this device
        features_of(Thumbnail().to("meta"), real, 64)
    monkeypatch.setattr(torch, "__version__", "0.0")
    features_of(again, real, 64)
    assert again.shown == 200
    monkeypatch.setattr(SlicedWasserstein, "projected", None)
    with pytest.raises(TypeError):
        _ = swd(real)._projected


def test_a_part_of_the_reference_is_fixed_and_spread_over_it() -> None:
    part = reference(count=50).at(range(50))
    assert torch.equal(part, reference(count=50).at(range(50)))
    rows = [int((image == REFERENCE).flatten(1).all(1).nonzero()[0, 0]) for image in part]
    assert rows == sorted(set(rows))
    assert min(rows) < 50
    assert max(rows) > 150


def test_count_is_the_size_of_the_reference_and_at_most_10_000() -> None:
    many = torch.zeros(10_500, 3, 1, 1, dtype=torch.uint8)
    assert reference().count == 200
    assert reference(many).count == 10_000
    assert reference(many, 10_500).count == 10_500


def test_more_images_than_the_reference_has_are_refused() -> None:
    with pytest.raises(ValueError, match="evaluate_images=201, but the reference has 200"):
        reference(count=201)


def test_a_number_that_too_few_images_cannot_give_is_null_with_its_reason() -> None:
    """Three images have no fifth neighbour; everything else is measured."""
    for settings in ({"reference": reference(count=3)}, {"count": 3}):
        with pytest.warns(UserWarning, match="will be null: 3 images on one side; at least 6 are needed on each"):
            few = evaluator(**settings)
        numbers, reasons = few(generated), few.protocol()["not_measured"]
        assert reasons.keys() == {name for name, value in numbers.items() if math.isnan(value)}
        assert {name.partition("_")[0] for name in reasons} == {"precision", "recall", "density", "coverage"}
        assert len(numbers) > len(reasons)
    assert "not_measured" not in evaluator().protocol()


def test_few_images_are_warned_of() -> None:
    few, enough = (reference(torch.zeros(count, 3, 1, 1, dtype=torch.uint8)) for count in (999, 1000))
    with pytest.warns(UserWarning, match="1,000 generated and 999 real images"):
        evaluator(reference=few, count=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".* real images are copies of others")
        evaluator(reference=enough, count=1000)


def test_the_floor_is_what_a_second_draw_of_the_data_measures() -> None:
    """With as many images on both sides; that of another distribution is far above, and the protocol says how."""
    measure = evaluator()
    floor, error = (measure.floor()[name] for name in ("fd_thumbnail", "fd_thumbnail_error"))
    draws = [pictures(f"draw {i}", 200, 16) for i in range(4)]
    perfect = [measure(lambda indices, x=x: x[list(indices)]) for x in draws]  # type: ignore[misc]  # bound in the loop
    assert floor == pytest.approx(np.mean([one["fd_thumbnail"] for one in perfect]), abs=error)
    assert error < 0.2 * floor
    brighter = measure(lambda indices: generated(indices) // 2 + 100)
    assert floor < 0.1 * brighter["fd_thumbnail"]
    assert measure.protocol()["comparisons"][0]["floor"] == METHOD


def test_fewer_than_eight_images_have_no_floor() -> None:
    assert evaluator(metrics={"frechet": build("metric", "frechet")}, reference=reference(REFERENCE[:7])).floor() == {}


def test_the_protocol_names_what_the_numbers_depend_on() -> None:
    protocol = evaluator(reference=reference(count=150)).protocol()
    (features, patches) = protocol["comparisons"]
    assert features["extractor"] == "thumbnail"
    assert features["digest"] == "0" * 16
    assert (features["neighbours"], features["density_neighbours"]) == (3, 5)
    assert patches == {"metrics": ["swd"], "swd_patches": 4, "swd_projections": 16, "swd_places": "by content"}
    assert protocol["images_real"] == protocol["images_generated"] == 150
    assert protocol["reference_split"] == "test"
    assert protocol["torch"] == version("torch")
    for other in (reference(count=151), reference(255 - REFERENCE, 150)):
        assert protocol["reference_digest"] != evaluator(reference=other).protocol()["reference_digest"]


def test_the_nearest_of_another_set() -> None:
    others = torch.tensor([[0.0, 0.0], [3.0, 4.0], [10.0, 0.0]])
    distances, rows = nearest(torch.tensor([[3.0, 3.0], [0.0, 0.0], [9.0, 0.0]]), others)
    assert rows.tolist() == [1, 0, 2]
    assert distances.tolist() == [1, 0, 1]
