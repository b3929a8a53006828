"""Wrong arguments of a trained model are refused with cause, place and mend, before anything is drawn."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from saddle.data.classes import Classes
from saddle.models.base import CodedModel
from saddle.samples.arguments import check_number, checked_codes, checked_labels


def model(classes: Classes | None = None) -> CodedModel:
    return cast("CodedModel", SimpleNamespace(code_size=3, classes=classes, device=torch.device("cpu")))


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "8", None])
def test_a_count_is_a_whole_number_above_zero(count: Any) -> None:
    with pytest.raises(ValueError, match=r"^count=.*: count takes a whole number of at least 1$"):
        check_number("count", count, least=1)
    check_number("count", np.int64(1), least=1)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (torch.zeros(2, 4), r"codes of shape \[2, 4\]: decode takes a floating-point tensor \[count, 3\], as prior"),
        (torch.zeros(3), r"codes of shape \[3\]: .*; a single code is codes\[None\]"),
        (torch.zeros(0, 3), r"codes of shape \[0, 3\]"),
        (torch.zeros(2, 3, dtype=torch.int64), r"codes of torch.int64: .*codes.float\(\) converts"),
        ([[0.0, 0.0, 0.0]], r"not list; torch.as_tensor converts"),
    ],
)
def test_codes_have_the_models_size_and_a_batch_dimension(codes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_codes(model(), codes)
    assert checked_codes(model(), torch.zeros(2, 3, dtype=torch.float64)).dtype == torch.float32


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "labels=None: this model takes a tensor of 2 whole numbers from 0 to 1, one for each code"),
        (torch.tensor([0]), r"labels of shape \[1\]: "),
        (torch.tensor([0, 2]), "labels from 0 to 2: "),
        (torch.tensor([-1, 1]), "labels from -1 to 1: "),
        (torch.tensor([0.0, 1.0]), "labels of torch.float32: "),
    ],
)
def test_labels_are_classes_of_the_model_one_for_each_code(labels: Any, message: str) -> None:
    conditional = model(Classes({"a": 1, "b": 1}))
    with pytest.raises(ValueError, match=message):
        checked_labels(conditional, labels, 2)
    right = torch.tensor([1, 0])
    assert torch.equal(cast("torch.Tensor", checked_labels(conditional, right, 2)), right)
    with pytest.raises(ValueError, match=r"labels: this model has no classes .*; leave labels out"):
        checked_labels(model(), right, 2)
    assert checked_labels(model(), None, 2) is None
