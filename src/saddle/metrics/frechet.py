"""Frechet distance between two sets of features."""

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance


class FrechetDistance:
    """Squared Wasserstein-2 distance between Gaussians fitted to real and generated features.

        FD = |mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^(1/2))

    Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash equilibrium". With
    Inception features it is the FID; on any other features it is another number and must not be called that. It is
    biased upwards when images are few, so the number of images belongs to it.

    torchmetrics holds the running sums, in float64 and on the CPU; the real side is kept between calls.

    Args:
        real: features [count, num_features].
    """

    def __init__(self, *, real: Tensor) -> None:
        # Features are passed in place of images: torchmetrics would resize images, and would draw a random one from the
        # global generator to find `num_features`.
        self._metric = FrechetInceptionDistance(feature=_Given(real.shape[1]), reset_real_features=False)
        self._metric.set_dtype(torch.float64)
        self._metric.update(real.double().cpu(), real=True)

    def __call__(self, fake: Tensor) -> float:
        """The distance of the features fake [count, num_features]."""
        self._metric.reset()
        self._metric.update(fake.double().cpu(), real=False)
        return float(self._metric.compute())


class _Given(nn.Module):
    """The features as they are."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features
