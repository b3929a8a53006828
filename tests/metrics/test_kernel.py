"""The kernel distance is the unbiased estimate, over all pairs at once."""

import numpy as np
import pytest
from torch import Tensor
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

from points import normal
from saddle.metrics import kernel
from saddle.metrics.kernel import MeanDiscrepancy


def kid(real: Tensor, fake: Tensor) -> float:
    """torch-fidelity's, with one subset that holds all images. It computes in the type of the features."""
    count = len(real)
    found = kid_features_to_metric(fake, real, kid_subsets=1, kid_subset_size=count, verbose=False)
    return found[KEY_METRIC_KID_MEAN]


def test_kernel_distance_is_that_of_torch_fidelity_with_one_subset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "ROWS", 64)  # 150 images: two full blocks and a part
    real, fake = normal("real", 150, 10), normal("fake", 150, 10) * 1.2 + 0.1
    assert MeanDiscrepancy(real=real)(fake) == pytest.approx(kid(real, fake), rel=1e-11)


def test_float32_features_are_computed_in_float64() -> None:
    """torch-fidelity rounds each kernel value to float32: where the sets are alike, few digits of it remain."""
    real, fake = normal("real", 500, 64).float().relu(), normal("fake", 500, 64).float().relu() * 1.01
    expected = kid(real.double(), fake.double())
    assert MeanDiscrepancy(real=real)(fake) == pytest.approx(expected, rel=1e-10)
    assert kid(real, fake) == pytest.approx(expected, abs=2e-6)


def test_kernel_distance_of_sets_of_different_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "ROWS", 16)
    real, fake = normal("real", 50, 3), normal("fake", 23, 3) + 1

    def mean_kernel(x: Tensor, y: Tensor, same: bool) -> float:
        values = [
            float((a @ b / 3 + 1) ** 3) for i, a in enumerate(x) for j, b in enumerate(y) if not (same and i == j)
        ]
        return sum(values) / len(values)

    expected = mean_kernel(real, real, True) + mean_kernel(fake, fake, True) - 2 * mean_kernel(real, fake, False)
    assert MeanDiscrepancy(real=real)(fake) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_is_unbiased() -> None:
    """Over many pairs of small sets from one distribution its mean is 0; the biased estimate would be about 8 / 20."""
    values = [MeanDiscrepancy(real=normal(f"r{i}", 20, 4))(normal(f"f{i}", 20, 4)) for i in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
