"""A generator with a Gaussian density."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.noise import noise
from saddle.theory.density import Density, MassCentres, on_the_line
from saddle.theory.distribution import flattened
from saddle.theory.ridges import Ridge


class AffineGenerator(nn.Module, Density):
    r"""G(z) = A z + b of z from N(0, I): x is Gaussian, with mean b and covariance A A^T, in a space of any size.

    $$\log p(x) = \log N(A^{-1}(x - b); 0, I) - \log |\det A|$$

    Both A and b are trained; the gradient of log p flows into them and into x.

    Args:
        matrix: A, [size, size], invertible.
        offset: b, [size].

    Raises:
        ValueError: the shapes do not fit, or A is singular: there is no density then.
    """

    def __init__(self, *, matrix: Tensor, offset: Tensor) -> None:
        super().__init__()
        if offset.dim() != 1 or matrix.shape != (len(offset), len(offset)):
            raise ValueError(f"A has to be [size, size] and b [size], not {list(matrix.shape)}, {list(offset.shape)}")
        if torch.linalg.matrix_rank(matrix.double()) < len(offset):
            raise ValueError("A is singular: the generator's points are in a subspace and have no density")
        self.matrix = nn.Parameter(matrix.double().clone())
        self.offset = nn.Parameter(offset.double().clone())
        self.shape = (len(offset),)

    def forward(self, z: Tensor) -> Tensor:
        """G(z), [count, size] to [count, size]."""
        return z.double() @ self.matrix.T + self.offset

    def log_prob(self, x: Tensor) -> Tensor:
        z = torch.linalg.solve(self.matrix, (flattened(x, self.shape) - self.offset).T)  # [size, count]
        volume = torch.linalg.slogdet(self.matrix)[1] + len(z) * math.log(2 * math.pi) / 2
        return (-z.square().sum(0) / 2 - volume).reshape(x.shape[:-1])

    @torch.no_grad()
    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        return self(noise(seed, "affine generator", 0, indices, self.shape))

    def cdf(self, x: Tensor) -> Tensor:
        return torch.special.ndtr((on_the_line(x, self.shape) - self.offset) / self.matrix[0].abs())

    def mass_centres(self) -> MassCentres:
        axes, lengths, _ = torch.linalg.svd(self.matrix.detach())  # columns [size, size], descending [size]
        return Ridge(self.offset.detach(), axes[:, 0], lengths[0].item(), lengths[-1].item()).mass_centres()
