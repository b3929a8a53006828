"""A Gaussian fitted to the codes of training, the prior of a decoder that has no other."""

import torch
from torch import Tensor, nn

from saddle.distributed.collectives import joined


class CodeGaussian(nn.Module):
    r"""Running mean and second moment of codes, and samples of N(mean, covariance).

    After update t both are weighted averages over the batches so far. The weight of a batch n images ago is
    0.5^(n / h_t), h_t = min(half_life, ramp t m) with m images in an update, because codes change as their encoder
    learns.

    Args:
        size: dimensions of a code.
        half_life: half-life in images.
        ramp: largest half-life as a fraction of the images so far.
        images: number of images in one update, over all devices.
    """

    mean: Tensor
    second: Tensor

    def __init__(self, *, size: int, half_life: float, ramp: float, images: int) -> None:
        super().__init__()
        self.half_life, self.ramp, self.images = half_life, ramp, images
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("second", torch.eye(size))

    @torch.no_grad()
    def update(self, update: int, codes: Tensor) -> None:
        """Include this rank's codes [share, size] of `update`, counted from 0."""
        codes = joined(codes.float())  # [batch, size]
        new = 1.0
        if update:
            new = 1 - 0.5 ** (self.images / min(self.half_life, self.ramp * update * self.images))
        with torch.autocast(codes.device.type, enabled=False):
            self.mean.lerp_(codes.mean(0), new)
            self.second.lerp_(codes.T @ codes / len(codes), new)

    def covariance(self) -> Tensor:
        """The covariance [size, size], float64, on the CPU."""
        mean, second = self.mean.double().cpu(), self.second.double().cpu()
        return second - mean.outer(mean)

    def codes(self, normal: Tensor) -> Tensor:
        """Codes of N(mean, covariance), mean + normal root with root^2 = covariance; normal [..., size] of N(0, I)."""
        values, vectors = torch.linalg.eigh(self.covariance())
        root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T  # [size, size], symmetric
        return (self.mean.double().cpu() + normal.double().cpu() @ root).float().to(self.mean.device)


def codes_in(networks: nn.ModuleDict) -> CodeGaussian:
    """The Gaussian among the networks of a model."""
    gaussian = networks["codes"]
    assert isinstance(gaussian, CodeGaussian)
    return gaussian
