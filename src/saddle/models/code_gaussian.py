"""A Gaussian fitted to the codes that go by in training: what a decoder without a prior of its own is sampled with."""

import torch
from torch import Tensor, nn

from saddle.distributed.collectives import joined


class CodeGaussian(nn.Module):
    r"""Running mean and second moment of codes, and samples of N(mean, covariance).

    After update t both are averages of those of the batches so far, in which a batch that lies n images back counts
    0.5^(n / h_t), h_t = min(half_life, ramp t m) with m images in an update: codes drift while their encoder learns.

    Args:
        size: of a code.
        half_life: in images.
        ramp: largest half-life as a fraction of the images so far.
        images: in one update, over all devices.
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
        """Take in this rank's codes [share, size] of `update`, counted from 0."""
        codes = joined(codes.float())  # [batch, size]
        new = 1.0
        if update:
            new = 1 - 0.5 ** (self.images / min(self.half_life, self.ramp * update * self.images))
        with torch.autocast(codes.device.type, enabled=False):
            self.mean.lerp_(codes.mean(0), new)
            self.second.lerp_(codes.T @ codes / len(codes), new)

    def covariance(self) -> Tensor:
        """[size, size], float64, on the CPU."""
        mean, second = self.mean.double().cpu(), self.second.double().cpu()
        return second - mean.outer(mean)

    def codes(self, normal: Tensor) -> Tensor:
        """Codes of N(mean, covariance), mean + normal root with root^2 = covariance; normal [..., size] of N(0, I)."""
        values, vectors = torch.linalg.eigh(self.covariance())
        root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T  # [size, size], symmetric
        return (self.mean.double().cpu() + normal.double().cpu() @ root).float().to(self.mean.device)


def codes_in(networks: nn.ModuleDict) -> CodeGaussian:
    """The Gaussian that is kept with the networks of a model."""
    found = networks["codes"]
    assert isinstance(found, CodeGaussian)
    return found
