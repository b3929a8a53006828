"""A game whose two densities are known, and with them its best discriminator."""

from typing import Any

import torch
from torch import Tensor, nn

from saddle.callbacks.optimum import OptimumDistance
from saddle.callbacks.value import Value
from saddle.data.densities.mixture_1d import Mixture1D
from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.models.gan import GAN
from saddle.theory.arrangements import line
from saddle.theory.between import jsd
from saddle.theory.gaussian_mixture import GaussianMixture
from toy import game

TARGET: dict[str, Any] = {"means": [-0.5, 0.6], "deviations": [0.2, 0.1], "weights": [0.4, 0.6]}
GENERATED = line(means=[0.2], deviations=[0.5], weights=[1.0])


class Affine(nn.Module):
    """z to 0.2 + 0.5 z: the density is known."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))

    def forward(self, codes: Tensor) -> Tensor:
        return 0.2 + self.weight * codes


class Optimal(nn.Module):
    """slope (log P_data - log P_G) + constant, D* at slope 1 and constant 0."""

    def __init__(self, truth: GaussianMixture, slope: float, constant: float) -> None:
        super().__init__()
        self.truth, self.constant = truth, constant
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        ratio = self.truth.log_prob(x) - GENERATED.log_prob(x)
        return (self.slope * ratio + self.constant)[:, None]


def optimal(loss: Loss | None = None, slope: float = 1.0, constant: float = 0.0) -> GAN:
    data = Mixture1D(shape=(1,), **TARGET)
    networks = lambda: (Affine(), Optimal(data.distribution, slope, constant))
    model = game(networks, loss=loss or Minimax(), code_size=1, batch_size=1024)
    model.data = data
    return model


def read(model: GAN, count: int = 4096) -> dict[str, Any]:
    return Value(every=1, count=count).measure(model)


JSD = jsd(Mixture1D(shape=(1,), **TARGET).distribution, GENERATED).value


def optimum_distance(model: GAN, deviation: float = 0.05) -> dict[str, Any]:
    truth = Mixture1D(shape=(1,), **TARGET).distribution
    return OptimumDistance(every=1, truth=truth, deviation=deviation).measure(model)
