"""Models whose code is known through and through."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.models.base import CodedModel, GenerativeModel


class LinearModel(CodedModel):
    """x = A z [*shape]."""

    real_per_update = 0

    def __init__(self, matrix: Tensor, shape: Sequence[int], prior: str = "normal") -> None:
        super().__init__()
        self.matrix, self.shape = matrix, tuple(shape)
        self.code_size, self.prior_distribution = matrix.shape[1], prior

    def decoder(self) -> nn.Module:
        return _Linear(self.matrix, self.shape)

    def iterate(self, update: int) -> None: ...

    def sampling_module(self) -> nn.Module:
        return nn.Identity()


class _Linear(nn.Module):
    def __init__(self, matrix: Tensor, shape: Sequence[int]) -> None:
        super().__init__()
        self.matrix, self.shape = matrix, shape

    def forward(self, codes: Tensor) -> Tensor:
        return (codes.to(self.matrix) @ self.matrix.T).unflatten(1, self.shape)


class FittedModel(LinearModel):
    """The same with a prior of its own."""

    def __init__(self, matrix: Tensor, shape: Sequence[int]) -> None:
        super().__init__(matrix, shape)
        self.prior_distribution = "fitted"

    def to_prior(self, base_noise: Tensor) -> Tensor:
        return 3 * base_noise + 1


class CodelessModel(GenerativeModel):
    """Noise, drawn without a code."""

    real_per_update = 0

    def sample(self, indices: Sequence[int], seed: int, labels: Tensor | None = None) -> Tensor:
        return torch.zeros(len(indices), 1, 8, 8)

    def iterate(self, update: int) -> None: ...

    def sampling_module(self) -> nn.Module:
        return nn.Identity()


def matrix(rows: int, columns: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(rows * columns), dtype=torch.float64)
