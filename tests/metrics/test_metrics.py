"""What every metric promises, over all options of conf/metric; and that a new metric is two files."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from omegaconf import OmegaConf
from torch import Tensor

import saddle.metrics
from fake_runs import make_run
from options import CONF, build, composed, options
from pictures import Judge, image_set, pictures
from saddle.config import ConfigError, check, help_text, instantiate, source
from saddle.config.composing import composer
from saddle.config.help import help_on
from saddle.config.rules import PROVIDED
from saddle.config.stored_evaluator import EVALUATORS, with_metrics
from saddle.data.labels import Labels
from saddle.engine.stored import upgraded_settings
from saddle.metrics.base import FeatureMetric, ImageMetric, Metric
from saddle.metrics.evaluator import ImageEvaluator
from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.reference import Reference
from saddle.report.protocol import columns_of
from saddle.report.run import read_runs
from saddle.runs.identity import identity_of
from saddle.runs.summary import higher_is_better
from saddle.theory.arrangements import ring
from saddle.theory.discrete import Discrete

COUNT = 160
FEW: dict[str, dict[str, int]] = {
    "prdc": {"neighbours": 3, "density_neighbours": 3, "neighbour_images": 150},
    "inception_score": {"score_splits": 4},
    "class_frechet": {"class_images": 20},
    "swd": {"patches": 4, "projections": 16},
}
"""Settings for so few images."""
MIXTURE = ring(count=4, radius=0.8, deviation=0.05)
ATOMS = Discrete(
    points=torch.tensor([[-0.6, 0.0], [0.6, 0.0], [0.0, 0.6]]), probabilities=torch.tensor([0.2, 0.3, 0.5])
)


pytestmark = pytest.mark.filterwarnings("ignore:.* generated and .* real images")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))


def faces(name: str) -> tuple[Tensor, Labels]:
    """Images of two classes, the second one brighter."""
    values = np.arange(COUNT) % 2
    images = pictures(name, COUNT, 16).int() + 40 * torch.from_numpy(values)[:, None, None, None]
    return images.clamp(0, 255).to(torch.uint8), Labels(("dark", "bright"), values)


REAL, LABELS = faces("real")
FRESH, _ = faces("fresh")
"""A second draw from the same distribution: what a perfect generator makes."""
COLLAPSED = (REAL[:1].int() // 2 + pictures("grain", COUNT, 16) // 32).to(torch.uint8)
"""Almost the same dark image each time, of whichever class: what a collapsed generator makes."""


def bound(name: str, images: Tensor = REAL, labels: Labels = LABELS) -> Metric:
    """The metric, bound to the real side that it needs."""
    make = build("metric", name, **FEW.get(name, {}))
    reference = Reference(images=image_set(images), split="test", count=len(images))
    features = RealFeatures(extractor=Judge(), reference=reference, labels=labels, batch_size=64)
    sides = {"images": reference, "points": MIXTURE, "atoms": ATOMS}
    return make(real=sides.get(make.func.needs, features))


def measured(metric: Metric, samples: Tensor, labels: Tensor | None = None) -> dict[str, float]:
    """The numbers of images, or of points."""
    if isinstance(metric, FeatureMetric):
        return metric.compute(metric.real.of(samples), torch.from_numpy(LABELS.values) if labels is None else labels)
    if isinstance(metric, ImageMetric):
        return metric.compute([metric.keep(samples, range(len(samples)))])
    return metric.compute(samples)  # type: ignore[attr-defined]  # of points


def good_and_bad(metric: Metric) -> tuple[Tensor, Tensor]:
    """Samples of a perfect generator and of a collapsed one."""
    if isinstance(metric, FeatureMetric | ImageMetric):
        return FRESH, COLLAPSED
    distribution = MIXTURE if metric.needs == "points" else ATOMS
    good = distribution.sample(range(1000), 1)
    return good, good[:1] + 0.4 * (good - good[:1])


def evaluator_of(metrics: dict[str, Any]) -> ImageEvaluator:
    reference = Reference(images=image_set(REAL), split="test", count=COUNT)
    return ImageEvaluator(
        metrics=metrics, extractors=[Judge()], reference=reference, labels=None, count=None, batch_size=64
    )


def test_names_are_unique() -> None:
    names = [name for option in options("metric") for name in bound(option).higher_is_better]
    assert len(names) == len(set(names)) > len(options("metric"))
    with pytest.raises(ValueError, match="Diversity and Diversity both measure diversity_judge; choose other options"):
        evaluator_of({name: build("metric", "diversity") for name in ("one", "two")})
    with pytest.raises(ValueError, match="none of them can be measured here"):
        evaluator_of({"class_accuracy": build("metric", "class_accuracy")})  # without labels


@pytest.mark.parametrize("name", options("metric"))
def test_a_metric_declares_what_it_needs_its_directions_and_its_settings(name: str) -> None:
    node: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"metric/{name}.yaml"))
    metric = bound(name)
    assert node["_partial_"] is True
    assert metric.needs in {*PROVIDED["images"], "points", "atoms"}
    assert metric.fewest >= 1
    settings = metric.settings()
    assert json.loads(json.dumps(settings)) == settings
    assert len(settings) >= len(node) - 2  # what the yaml sets belongs to the protocol
    numbers = measured(metric, good_and_bad(metric)[0])
    assert set(metric.higher_is_better) <= set(numbers)
    assert all(name.endswith("_error") for name in set(numbers) - set(metric.higher_is_better))
    floor = metric.floor(1000)
    assert {number.removesuffix("_error") for number in floor} <= set(metric.higher_is_better)


@pytest.mark.parametrize("name", options("metric"))
def test_a_perfect_generator_beats_a_collapsed_one_in_every_number(name: str) -> None:
    metric = bound(name)
    good, bad = (measured(metric, samples) for samples in good_and_bad(metric))
    for number, higher in metric.higher_is_better.items():
        assert (good[number] > bad[number]) == higher, (number, good[number], bad[number])
        assert good[number] != bad[number]


def rearranged(
    name: str, real: NDArray[np.int64], fake: Callable[[int], NDArray[np.int64]], values: NDArray[np.int64]
) -> dict[str, float]:
    """The numbers of a perfect generator with other rows on both sides, and other labels of all images."""
    metric = bound(name, REAL[torch.from_numpy(real)], Labels(LABELS.names, values[real]))
    samples, _ = good_and_bad(metric)
    rows = fake(len(samples))
    return measured(metric, samples[torch.from_numpy(rows)], torch.from_numpy(values[rows % COUNT]))


def by_class(count: int) -> NDArray[np.int64]:
    return np.lexsort((np.arange(count)[::-1], np.arange(count) % 2))


@pytest.mark.parametrize("name", options("metric"))
def test_neither_the_order_of_the_samples_nor_that_of_the_classes_changes_a_number(name: str) -> None:
    """The same images sorted, as files often are, and shuffled; to the rounding of sums in another order."""
    rows = np.arange(COUNT)
    once = rearranged(name, rows, np.arange, LABELS.values)
    for real, fake in ((by_class(COUNT), by_class), (rows, lambda n: np.random.default_rng(1).permutation(n))):
        assert rearranged(name, real, fake, LABELS.values) == pytest.approx(once, rel=1e-5, abs=1e-9)
    assert rearranged(name, rows, np.arange, 1 - LABELS.values) == pytest.approx(once, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", options("metric"))
def test_each_sample_twice_gives_the_same_numbers_unless_the_metric_says_otherwise(name: str) -> None:
    rows = np.arange(COUNT)
    once = rearranged(name, rows, np.arange, LABELS.values)
    twice = rearranged(name, rows.repeat(2), lambda n: np.arange(n).repeat(2), LABELS.values)
    numbers = bound(name).higher_is_better
    moved = [number for number in numbers if twice[number] != pytest.approx(once[number], rel=0.05, abs=1e-6)]
    assert bool(moved) is bound(name).copies_matter, moved


@pytest.mark.parametrize("name", options("metric"))
def test_a_floor_is_what_perfect_samples_measure(name: str) -> None:
    """As many on both sides as in an evaluation, on average over draws."""
    metric = bound(name)
    draws = 12
    if isinstance(metric, FeatureMetric | ImageMetric):
        perfect = [measured(metric, faces(f"perfect {draw}")[0]) for draw in range(draws)]
        count = COUNT
    else:
        count = 1000
        distribution = MIXTURE if metric.needs == "points" else ATOMS
        perfect = [measured(metric, distribution.sample(range(count), 1 + draw)) for draw in range(draws)]
    floor = metric.floor(count)
    for number in set(metric.higher_is_better) & set(floor):
        values = [one[number] for one in perfect]
        assert abs(floor[number] - np.mean(values)) < 0.02 * np.mean(values) + 2 * np.std(values)


SWAPPED = {"precision": 1, "recall": -1, "coverage": -1, "diversity": -1}
"""Of samples that are a part of the data against data that are a part of the samples: a larger number, or a smaller."""


@pytest.mark.parametrize("name", options("metric"))
def test_the_two_sides_are_not_exchanged(name: str) -> None:
    """A generator of one of two classes; a distance is the same from both sides, the others are told apart."""
    if bound(name).needs not in ("features", "images"):
        return
    part = REAL[::2]
    metric, exchanged = bound(name), bound(name, part, Labels(LABELS.names, LABELS.values[::2]))
    narrow, broad = measured(metric, part), measured(exchanged, REAL)
    for number in metric.higher_is_better:
        sign = SWAPPED.get(number.partition("_")[0], 0)
        assert np.sign(round(narrow[number] - broad[number], 6)) == sign or (sign == 0 and "density" in number), number


# ---- directions are stored with a run


def test_a_direction_is_what_the_run_stored() -> None:
    stored = {"metrics": {"fd_mine": {"last": 1.0, "higher_is_better": True}}}
    assert higher_is_better("fd_mine", {}, stored)
    assert not higher_is_better("fd_mine", {})
    assert higher_is_better("precision_faces", {"metrics": {"precision_faces": {"last": 1.0}}})  # of an earlier version


def test_a_column_of_a_comparison_takes_its_direction_from_its_runs(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "one")
    run = read_runs([folder])[0]
    assert {column.metric: column.higher for column in columns_of([run])} == {
        "fd_faces": False,
        "precision_faces": True,
        "swd": False,
    }
    summary: Any = folder.summary()
    summary["metrics"]["swd"]["higher_is_better"] = True
    folder.write_summary(summary)
    (column,) = [one for one in columns_of(read_runs([folder])) if one.metric == "swd"]
    assert column.higher


# ---- evaluators of earlier versions

STORED: dict[str, Any] = {
    "distances": {"batch_size": 250, "neighbours": 3, "density_neighbours": 5, "neighbour_images": 50000}
    | {"score_splits": 10, "patches": 8, "projections": 128, "class_images": 100},
    "mixture": {"samples": 10000, "smoothing": 1.0, "deviations": 3.0, "least": 0.1},
    "atoms": {"samples": 10000, "tolerance": 0.25},
}
"""The evaluators of 0.3, but for their classes."""


@pytest.mark.parametrize("target", EVALUATORS)
def test_the_evaluator_of_an_earlier_version_is_that_of_this_one(target: str) -> None:
    """Its node, and the settings with which a state was stored; one of this version stays as it is."""
    option, _ = EVALUATORS[target]
    data = {"distances": "digits", "mixture": "ring", "atoms": "discrete"}[option]
    now: Any = OmegaConf.to_container(composed(f"data={data}", "network=mlp").evaluator)
    before = {"_target_": target, "_partial_": True, **STORED[option]}
    assert with_metrics(before) == with_metrics(now) == now
    assert list(with_metrics(before)["metrics"]) == list(now["metrics"])  # runs are compared by the first
    flat = identity_of({"seed": 1, "evaluator": now})
    assert upgraded_settings(identity_of({"seed": 1, "evaluator": before})) == upgraded_settings(flat) == flat


# ---- a new metric


def test_the_metric_of_contributing_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its two files, as CONTRIBUTING.md has them, and nothing else: it is listed, checked, chosen, and measures."""
    text = (CONF.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## A metric")[2]
    python, yaml = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("python", "yaml"))
    assert python
    assert yaml
    assert "`src/saddle/metrics/vendi.py`" in text
    assert "`conf/metric/vendi.yaml`" in text
    file, place_of = tmp_path / "vendi.py", source._path
    file.write_text(python[1])
    monkeypatch.setattr(saddle.metrics, "__path__", [*saddle.metrics.__path__, str(tmp_path)])
    monkeypatch.setattr(source, "_path", lambda name: file if name.endswith(".vendi") else place_of(name))
    conf = tmp_path / "conf"
    shutil.copytree(CONF, conf)
    (conf / "metric/vendi.yaml").write_text(yaml[1])
    assert re.search(r"^    vendi +\S", help_text(conf), re.MULTILINE)
    assert "evaluator.metrics.vendi.order=2.0" in help_on(["metric=vendi"], conf)
    with composer(conf) as made:
        cfg = made.compose(["data=digits", "+metric@evaluator.metrics.vendi=vendi"])
        check(cfg, conf)
        for wrong in ("evaluator.metrics.vendi.order=1", "~evaluator.metrics.vendi.order"):
            with pytest.raises(ConfigError, match=r"evaluator\.metrics\.vendi"):
                check(made.compose(["data=digits", "+metric@evaluator.metrics.vendi=vendi", wrong]), conf)
        with pytest.raises(ConfigError, match=r"write \+metric@evaluator\.metrics\.vendi=vendi"):
            made.compose(["metric=vendi"])
    evaluator = evaluator_of({"vendi": instantiate(cfg.evaluator.metrics.vendi)})
    assert (evaluator.main_metric, evaluator.higher_is_better) == ("vendi_judge", {"vendi_judge": True})
    good, bad = (evaluator(lambda indices, x=x: x[list(indices)])["vendi_judge"] for x in (FRESH, COLLAPSED))  # type: ignore[misc]  # bound in the loop
    assert good > bad > 1
    assert evaluator.protocol()["comparisons"][0]["order"] == 2.0
