"""Copies in a set of images are counted, named before training and part of the protocol."""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from options import build
from pictures import Thumbnail, image_set, pictures
from saddle.data.copies import copies
from saddle.engine import session
from saddle.metrics.evaluator import ImageEvaluator
from saddle.metrics.reference import Reference

ONCE = pictures("once", 40, 16)
TWICE = torch.cat([ONCE, ONCE[:7], ONCE[:1]])


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path))


def test_copies_are_the_images_beyond_the_distinct_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """In any division into batches; one different byte makes another image; the second time from the cache."""
    monkeypatch.setattr("saddle.data.copies.BATCH", 9)
    changed = TWICE.clone()
    changed[-1, 0, 0, 0] ^= 1
    for name, images, expected in (("once", ONCE, 0), ("twice", TWICE, 8), ("changed", changed, 7)):
        assert copies(name, len(images), lambda rows, own=images: own[torch.from_numpy(rows)]) == expected  # type: ignore[misc]
    assert copies("twice", len(TWICE), np.array) == 8  # type: ignore[arg-type]  # never called


def evaluator(metric: str) -> ImageEvaluator:
    reference = Reference(images=image_set(TWICE), split="test", count=None)
    metrics = {metric: build("metric", metric)}
    return ImageEvaluator(
        metrics=metrics, extractors=[Thumbnail()], reference=reference, labels=None, count=None, batch_size=64
    )


@pytest.mark.filterwarnings("ignore:48 generated and 48 real images")
def test_the_protocol_counts_copies_and_a_warning_names_the_metrics_that_they_change() -> None:
    with pytest.warns(UserWarning, match="8 of the 48 real images are copies .* kd_thumbnail differ"):
        assert evaluator("kernel").protocol()["reference_copies"] == 8
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*copies")
        assert evaluator("frechet").protocol()["reference_copies"] == 8


def test_copies_among_the_training_images_are_named_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"images": {"train": 48}, "copies": {"train": 8}}
    experiment: Any = SimpleNamespace(facts=lambda: facts)
    assert session._data_facts(experiment) == facts
    assert "note: 8 of the 48 training images are copies of others, pixel for pixel" in capsys.readouterr().err
    facts["copies"] = {"train": 0}
    session._data_facts(experiment)
    assert not capsys.readouterr().err
