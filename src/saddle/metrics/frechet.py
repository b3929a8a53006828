"""Frechet distance between Gaussians fitted to features."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

ROWS = 8192
"""Images that enter the factor at a time: only their features exist as float64 copies."""
ENOUGH = 2
"""Images for each feature from which on the covariance may have full rank."""
ROUNDING = 1e-9
"""The largest error of the faster method, relative to tr S_r + tr S_g."""
PANELS = 8
"""Blocks of columns in which a symmetric product is computed."""


@dataclass(frozen=True, eq=False)
class GaussianFit:
    """Mean and covariance S = F^T F of a set of features, with S kept as its factor F. Both float64 on the CPU."""

    mean: Tensor  # [num_features]
    factor: Tensor  # [rank, num_features], rank = min(count, num_features)

    @classmethod
    def fitted(cls, features: Tensor) -> Self:
        """The Gaussian with the mean and the unbiased covariance (divisor count - 1) of the features.

        F is the triangular factor of a QR decomposition of the centred features, divided by sqrt(count - 1). The
        covariance itself is never formed: that would square the condition number, and its root is no cheaper. The rows
        enter block by block, so that float64 copies of all features never exist.

        Args:
            features: [count, num_features], at least two, of any float type and on any device.

        Raises:
            ValueError: there are fewer than two, or one of them is infinite or not a number.
        """
        _require_usable(features)
        features = features.cpu()
        mean = features.mean(dim=0, dtype=torch.float64)  # [num_features]
        factor = mean.new_empty(0, len(mean))
        for rows in features.split(ROWS):
            factor = torch.linalg.qr(torch.cat([factor, rows.double() - mean]), mode="r").R
        return cls(mean=mean, factor=factor / (len(features) - 1) ** 0.5)

    @property
    def variance(self) -> float:
        """The total variance tr S of the features."""
        return float(self.factor.square().sum())

    def arrays(self) -> dict[str, np.ndarray]:
        """What `from_arrays` restores it from, bit for bit."""
        return {"mean": self.mean.numpy(), "factor": self.factor.numpy()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Self:
        return cls(mean=torch.from_numpy(arrays["mean"]), factor=torch.from_numpy(arrays["factor"]))


def frechet_distance(real: GaussianFit, fake: GaussianFit) -> float:
    """Squared Wasserstein-2 distance between two Gaussians.

        FD = |mu_r - mu_g|^2 + tr S_r + tr S_g - 2 tr (S_r S_g)^(1/2)

    Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash equilibrium". With
    Inception features it is the FID; on any other features it is another number and must not be called that. It is
    biased upwards when images are few, so the number of images belongs to it.

    With S = F^T F the eigenvalues of S_r S_g are the squared singular values of F_r F_g^T, so the last trace is their
    plain sum: nothing is squared and then rooted. The error is about 1e-14 of tr S_r + tr S_g, also with fewer images
    than features or features that never change, where roots of the eigenvalues of S_r S_g lose half of the digits.

    Raises:
        ValueError: the two have another number of features.
    """
    if real.mean.shape != fake.mean.shape:
        raise ValueError(
            f"the Frechet distance compares features of one extractor: {len(real.mean)} features of the real images "
            f"and {len(fake.mean)} of the generated ones"
        )
    shift = (real.mean - fake.mean).square().sum()
    shared = torch.linalg.svdvals(real.factor @ fake.factor.T).sum()  # of [rank, rank]
    return max(0.0, float(shift + real.variance + fake.variance - 2 * shared))  # below 0 only by rounding


def frechet_distance_of(real: GaussianFit, features: Tensor) -> float:
    """`frechet_distance` of the Gaussian fitted to generated features [count, num_features], in half the time.

    With many more images than features the eigenvalues of S_r S_g are those of the symmetric F_r S_g F_r^T, and most of
    them are well above rounding: then S_g may be formed, without a factor. Rounding moves each eigenvalue by about eps
    of the largest; where their roots would move the distance by more than `ROUNDING`, the factors are used.
    """
    count, num_features = features.shape
    if count >= ENOUGH * num_features and len(real.factor) == num_features:
        _require_usable(features)
        mean, covariance = _moments(features.cpu())
        spectrum = torch.linalg.eigvalsh(real.factor @ covariance @ real.factor.T)  # ascending
        rounding = torch.finfo(spectrum.dtype).eps * spectrum[-1]
        total = real.variance + covariance.trace()
        if (rounding / spectrum.clamp(min=rounding).sqrt()).sum() < ROUNDING * total:
            shift = (real.mean - mean).square().sum()
            return max(0.0, float(shift + total - 2 * spectrum.clamp(min=0).sqrt().sum()))
    return frechet_distance(real, GaussianFit.fitted(features))


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [num_features], unbiased covariance [num_features, num_features], float64; only one triangle is computed."""
    count, num_features = features.shape
    mean = features.mean(dim=0, dtype=torch.float64)
    covariance = mean.new_zeros(num_features, num_features)
    columns = torch.arange(num_features).split(-(-num_features // PANELS))
    for rows in features.split(ROWS):
        centred = rows.double() - mean  # [rows, num_features]
        for panel in columns:
            first, after = int(panel[0]), int(panel[-1]) + 1
            covariance[first:after, :after] += centred[:, first:after].T @ centred[:, :after]
    covariance = covariance.tril()
    return mean, (covariance + covariance.tril(-1).T) / (count - 1)


def _require_usable(features: Tensor) -> None:
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(
            f"a Gaussian is fitted to features [count, num_features] of at least 2 images, not {list(features.shape)}"
        )
    usable = features.isfinite().all(dim=1)  # [count]
    if not usable.all():
        spoilt = (~usable).nonzero().flatten().tolist()
        raise ValueError(
            f"features of {len(spoilt)} of {len(features)} images are infinite or not a number, first of image "
            f"{spoilt[0]}: check that image and the weights of the extractor"
        )
