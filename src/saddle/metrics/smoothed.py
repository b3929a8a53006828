"""The Jensen-Shannon divergence between a known density and samples, both smoothed by the same noise."""

from dataclasses import dataclass
from math import log, nan

import torch
from torch import Tensor, xlogy

from saddle.theory.gaussian_mixture import GaussianMixture

STEP = 0.5
"""Spacing of the lattice in units of sigma."""
NODES = 1024
"""The largest number of lattice points along one axis: sigma grows where more would be needed."""
REACH = 8.0
"""How far the lattice extends beyond a smoothed mode, in standard deviations: 1e-14 of P is left out."""


@dataclass(frozen=True)
class Smoothed:
    """The divergence in nats, and its standard error, which is NaN for a single sample."""

    value: float
    error: float


class SmoothedJSD:
    r"""JSD(P * N, P_n * N) with N = N(0, sigma^2 I), for n samples z_i of a distribution without a known density.

    $$P_n * N = \frac1n \sum_i N(x; z_i, \sigma^2 I)$$

    Noise can only hide a difference: JSD(P * N, Q * N) <= JSD(P, Q) (data processing). The integral is a sum over a
    lattice, exact to about 1e-7 since both densities are smooth at the scale sigma. The kernel is a product over axes,
    so all densities are matrix products. Samples beyond the lattice, where P vanishes, count in full.

    With n samples the value is too large by about the value of n samples of P itself, which is therefore its floor. The
    error is the standard error to first order in the samples, by the functional derivative
    1/2 (N * log(q / m))(z_i), q = P_n * N and m the mean of both densities (von Mises 1947); at q = p it is 0.

    Args:
        truth: P, on the line or in the plane.
        sigma: standard deviation of the noise; enlarged where the lattice would exceed 1024 nodes along an axis.

    Raises:
        ValueError: P is neither on the line nor in the plane.
    """

    def __init__(self, truth: GaussianMixture, sigma: float) -> None:
        if len(truth.shape) != 1 or truth.shape[0] > 2:
            raise ValueError(f"the smoothed JSD is for points of the line or the plane, not of {list(truth.shape)}")
        margin = REACH * truth.deviations[:, None]
        extent = float(((truth.means + margin).max(0).values - (truth.means - margin).min(0).values).max())
        self.sigma = max(sigma, extent / (STEP * (NODES - 2) - 2 * REACH))  # modes grow by no more than sigma
        wide = truth.smoothed(self.sigma)
        margin = REACH * wide.deviations[:, None]
        lows, highs = (wide.means - margin).min(0).values, (wide.means + margin).max(0).values  # [size]
        step = STEP * self.sigma
        self.axes = [
            torch.arange(low, high + step, step, dtype=torch.float64) for low, high in zip(lows, highs, strict=True)
        ]
        self.cell = step ** len(self.axes)
        points = torch.stack(torch.meshgrid(*self.axes, indexing="ij"), dim=-1)  # [*nodes, size]
        self.p = wide.log_prob(points).exp()  # [*nodes]

    def __call__(self, x: Tensor) -> Smoothed:
        """The divergence of P from samples x [n, size]."""
        kernels = [self._kernel(at, nodes) for at, nodes in zip(x.double().cpu().T, self.axes, strict=True)]
        if len(kernels) == 1:
            kernels.append(torch.ones(len(x), 1, dtype=torch.float64))
        p = self.p.reshape(kernels[0].shape[1], -1)  # [nodes, nodes or 1]
        q = kernels[0].T @ kernels[1] / len(x)
        m = (p + q) / 2
        inside = (xlogy(p, p) + xlogy(q, q)) / 2 - xlogy(m, m)
        missed = (1 - q.sum() * self.cell).clamp(min=0)
        value = inside.sum() * self.cell + missed * log(2) / 2
        slope = torch.where(q > 0, (q / m).log(), 0.0) / 2  # at most log 2 / 2, as where p is nothing
        influence = ((kernels[0] @ slope) * kernels[1]).sum(1) * self.cell  # [n]
        lost = (1 - (kernels[0].sum(1) * kernels[1].sum(1)) * self.cell).clamp(min=0)  # [n], each kernel's share
        return Smoothed(value=float(value), error=_standard_error(influence + lost * log(2) / 2))

    def _kernel(self, at: Tensor, nodes: Tensor) -> Tensor:
        """N(node; at, sigma^2) [n, nodes] along one axis."""
        scaled = (nodes - at[:, None]) / self.sigma
        return (-scaled.square() / 2).exp() / (self.sigma * (2 * torch.pi) ** 0.5)


def _standard_error(influence: Tensor) -> float:
    return float(influence.std()) / len(influence) ** 0.5 if len(influence) > 1 else nan
