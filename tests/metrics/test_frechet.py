"""The Frechet distance: closed forms, and the published code wherever that is exact."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torchmetrics.image.fid import FrechetInceptionDistance

from points import exact, normal
from saddle.metrics import frechet
from saddle.metrics.frechet import GaussianFit, frechet_distance, frechet_distance_of


def distance(real: Tensor, fake: Tensor) -> float:
    """By the factors; the faster way must say the same wherever it is asked."""
    one, other = GaussianFit.fitted(real), GaussianFit.fitted(fake)
    found = frechet_distance(one, other)
    assert abs(frechet_distance_of(one, fake) - found) <= 2e-9 * (one.variance + other.variance)
    return found


def fidelity(real: Tensor, fake: Tensor) -> float:
    """FID by the functions of torch-fidelity that start from features."""
    statistics = [fid_features_to_statistics(features) for features in (fake, real)]
    return fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID]


def torchmetrics_distance(real: Tensor, fake: Tensor) -> float:
    class Given(nn.Module):
        num_features = real.shape[1]

        def forward(self, features: Tensor) -> Tensor:
            return features

    metric = FrechetInceptionDistance(feature=Given()).set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return float(metric.compute())


def features(name: str, count: int, size: int) -> Tensor:
    """float32, correlated, cut off below 0, and of very different variances: as those of a network are."""
    mix = normal("mix", size, size) * torch.logspace(0, -2, size, dtype=torch.float64)
    return (normal(name, count, size) @ mix / size**0.5 + 0.3).relu().float()


# Closed forms


def test_distance_of_a_shift_is_its_squared_length() -> None:
    real = normal("real", 300, 6)
    shift = torch.arange(6.0, dtype=torch.float64)
    assert distance(real, real + shift) == pytest.approx(55, rel=1e-12)


@pytest.mark.parametrize(("count", "size"), [(300, 6), (20, 48)])
def test_distance_of_a_scaling_is_the_squared_change_times_the_variance(count: int, size: int) -> None:
    """About the mean by 1 + e: every standard deviation changes by e of itself."""
    real = normal("real", count, size) + 5
    scaled = real.mean(0) + 1.25 * (real - real.mean(0))
    assert distance(real, scaled) == pytest.approx(0.25**2 * float(real.var(dim=0).sum()), rel=1e-11)


def test_distance_of_diagonal_gaussians() -> None:
    """tr(S + T - 2 (S T)^(1/2)) is the sum of (s - t)^2 over the standard deviations."""
    real, fake = exact("a", 200, [1, 2, 3]), exact("b", 150, [1, 5, 0.5])
    assert distance(real, fake) == pytest.approx(0 + 9 + 6.25, rel=1e-12)


def test_distance_of_orthogonal_gaussians_is_their_variance() -> None:
    """One lives in the first features, the other in the last: no covariance is shared."""
    real, fake = exact("a", 200, [1, 2, 0, 0]), exact("b", 150, [0, 0, 3, 1])
    assert distance(real, fake) == pytest.approx(1 + 4 + 9 + 1, rel=1e-12)


def test_distance_is_the_definition_with_matrices_that_do_not_commute() -> None:
    real = normal("real", 500, 8) @ normal("mix", 8, 8)
    fake = normal("fake", 400, 8) @ normal("other mix", 8, 8) + 0.3
    s, t = np.cov(real.numpy().T), np.cov(fake.numpy().T)
    expected = float((real.mean(0) - fake.mean(0)).square().sum()) + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
    assert distance(real, fake) == pytest.approx(expected, rel=1e-9)


def test_distance_of_a_set_to_itself_is_0_and_never_below() -> None:
    for count in (20, 100):
        real = normal("real", count, 48) * 30
        assert 0 <= distance(real, real) < 1e-13 * float(real.var(dim=0).sum())


@pytest.mark.parametrize("counts", [(300, 200), (300, 20), (20, 30)])
def test_distance_is_symmetric(counts: tuple[int, int]) -> None:
    """Above and below the number of features, 48, on either side."""
    real, fake = normal("real", counts[0], 48), normal("fake", counts[1], 48) * 2 + 1
    assert distance(real, fake) == pytest.approx(distance(fake, real), rel=1e-12)


# Published code


@pytest.mark.parametrize(("counts", "size"), [((3000, 3000), 64), ((3000, 3000), 200), ((3000, 1700), 200)])
def test_fid_is_that_of_torch_fidelity_with_more_images_than_features(counts: tuple[int, int], size: int) -> None:
    real, fake = features("real", counts[0], size), features("fake", counts[1], size) * 1.1
    assert distance(real, fake) == pytest.approx(fidelity(real, fake), rel=1e-5)
    assert distance(real.double(), fake.double()) == pytest.approx(fidelity(real.double(), fake.double()), rel=1e-9)


@pytest.mark.parametrize("counts", [(130, 130), (130, 100), (600, 130)])
def test_fid_is_that_of_torch_fidelity_with_fewer_images_than_features(counts: tuple[int, int]) -> None:
    """To 1e-6 of the variances: its eigenvalues are not exact here."""
    real, fake = features("real", counts[0], 512), features("fake", counts[1], 512)
    variance = float(real.double().var(dim=0).sum() + fake.double().var(dim=0).sum())
    assert distance(real, fake) == pytest.approx(fidelity(real, fake), abs=1e-6 * variance)


def close_sets(count: int) -> tuple[Tensor, Tensor, float]:
    """Two sets of `count` images with 512 features, and the distance that they have by construction.

    Along count - 1 orthonormal directions, and along no other, the standard deviations differ by 0.5 %.
    """
    rank = count - 1
    directions = torch.linalg.qr(normal("directions", 512, rank)).Q.T  # [rank, 512]
    deviations = torch.linspace(1, 3, rank, dtype=torch.float64)
    real = exact("real", count, deviations.tolist()) @ directions
    fake = exact("fake", count, (1.005 * deviations).tolist()) @ directions
    return real, fake, float((0.005 * deviations).square().sum())


def test_few_images_at_a_small_distance_where_the_roots_of_eigenvalues_fail() -> None:
    real, fake, expected = close_sets(130)
    assert expected == pytest.approx(0.015, rel=0.2)
    assert distance(real, fake) == pytest.approx(expected, rel=1e-9)
    assert abs(torchmetrics_distance(real, fake) / expected - 1) > 1e-3


def test_features_that_never_change_cost_no_accuracy() -> None:
    """More images than features, but the covariances are singular all the same."""
    deviations = torch.tensor([1.0, 2, 3] * 20 + [0] * 40, dtype=torch.float64)
    turn = torch.linalg.qr(normal("turn", 100, 100)).Q
    real, fake = exact("a", 400, deviations.tolist()) @ turn, exact("b", 300, (1.001 * deviations).tolist()) @ turn
    assert distance(real, fake) == pytest.approx(1e-6 * float(deviations.square().sum()), rel=1e-7)


# The fitted GaussianFit


@pytest.mark.parametrize("count", [5, 100])
def test_the_factor_is_a_root_of_the_covariance_and_not_larger_than_need_be(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(frechet, "ROWS", 32)  # 100 images: three full blocks and a part
    points = features("real", count, 24) + 100
    fitted = GaussianFit.fitted(points)
    covariance = np.cov(points.double().numpy().T)
    np.testing.assert_allclose(fitted.factor.T @ fitted.factor, covariance, atol=1e-12)
    np.testing.assert_allclose(fitted.mean, points.double().mean(0), rtol=1e-15)
    assert fitted.factor.shape == (min(count, 24), 24)
    assert fitted.variance == pytest.approx(np.trace(covariance), rel=1e-12)


def test_the_covariance_is_formed_only_where_rounding_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = features("real", 500, 16), features("fake", 500, 16)
    one = GaussianFit.fitted(real)
    never_change = fake.clone()
    never_change[:, :4] = 1
    fitted: list[Tensor] = []
    plain = GaussianFit.fitted

    def noted(given: Tensor) -> GaussianFit:
        fitted.append(given)
        return plain(given)

    monkeypatch.setattr(GaussianFit, "fitted", noted)
    frechet_distance_of(one, fake)
    assert not fitted
    frechet_distance_of(one, never_change)
    frechet_distance_of(one, fake[:20])
    assert [len(given) for given in fitted] == [500, 20]


def test_a_gaussian_survives_its_arrays() -> None:
    real, fake = GaussianFit.fitted(normal("real", 40, 8)), GaussianFit.fitted(normal("fake", 30, 8))
    restored = GaussianFit.from_arrays(real.arrays())
    assert frechet_distance(restored, fake) == frechet_distance(real, fake)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_features_that_are_not_numbers_are_refused_by_image(value: float) -> None:
    broken = normal("real", 40, 8)
    broken[[7, 30], 3] = value
    with pytest.raises(ValueError, match="features of 2 of 40 images are infinite or not a number, first of image 7"):
        GaussianFit.fitted(broken)


def test_what_has_no_covariance_or_another_extractor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 2 images, not \[1, 8\]"):
        GaussianFit.fitted(normal("real", 1, 8))
    with pytest.raises(ValueError, match="8 features of the real images and 9 of the generated"):
        distance(normal("real", 10, 8), normal("fake", 10, 9))
