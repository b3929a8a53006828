"""An invertible network on the line, which therefore has a known density."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.noise import noise
from saddle.theory.density import Density, MassCentres, on_the_line

HALVINGS = 64
"""Halvings of the interval that contains z; one step of Newton's method follows."""
LIKELY = 40.0
"""Bound of |z|, since N(40; 0, 1) is 1e-348: its halvings have enough digits even if a is 1e-18."""


class MonotoneGenerator(nn.Module, Density):
    r"""An increasing network from noise to the line, with the density that a change of variables gives it.

    $$G(z) = b + a z + \sum_i h_i \tanh(s_i z + t_i), \quad a, h_i, s_i > 0, \; z \sim N(0, 1)$$
    $$\log p(x) = \log N(z; 0, 1) - \log G'(z), \quad z = G^{-1}(x)$$

    z is computed by bisection between its bounds (x - b - sum h) / a and (x - b + sum h) / a, or between -40 and 40 if
    these contain it. Its derivatives, 1 / G'(z) in x and -(dG / dtheta) / G'(z) in a parameter, come from the
    implicit function theorem, so that log p can be differentiated in x and in all parameters. Positive parameters are
    trained as their logarithms.

    Args:
        slope: a.
        offset: b.
        heights, steepness, shifts: h, s and t, [units] each.

    Raises:
        ValueError: the units do not fit, or a, h or s are not above 0.
    """

    def __init__(self, *, slope: float, offset: float, heights: Tensor, steepness: Tensor, shifts: Tensor) -> None:
        super().__init__()
        if heights.dim() != 1 or not heights.shape == steepness.shape == shifts.shape:
            raise ValueError("heights, steepness and shifts have to be [units], one number for each unit")
        if slope <= 0 or not (heights > 0).all() or not (steepness > 0).all():
            raise ValueError("slope, heights and steepness have to be above 0: G would not increase")
        self.log_slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64).log())
        self.offset = nn.Parameter(torch.tensor(offset, dtype=torch.float64))
        self.log_heights = nn.Parameter(heights.double().log())
        self.log_steepness = nn.Parameter(steepness.double().log())
        self.shifts = nn.Parameter(shifts.double().clone())
        self.shape = (1,)

    def forward(self, z: Tensor) -> Tensor:
        """G(z), [..., 1] to [..., 1]."""
        return self._height(z[..., 0].double())[..., None]

    def log_prob(self, x: Tensor) -> Tensor:
        z = self.inverse(x)[..., 0]
        return -z.square() / 2 - math.log(2 * math.pi) / 2 - self._slope(z).log()

    def inverse(self, x: Tensor) -> Tensor:
        """z with G(z) = x, [..., 1] to [..., 1]; gradients flow into x and the parameters."""
        height = on_the_line(x, self.shape)
        with torch.no_grad():
            z = self._bisected(height)
            slope = self._slope(z)
        return (z - (self._height(z) - height) / slope)[..., None]  # Newton's step carries the implicit derivative

    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        with torch.no_grad():
            return self(noise(seed, "monotone generator", 0, indices, (1,)))

    @torch.no_grad()
    def cdf(self, x: Tensor) -> Tensor:
        return torch.special.ndtr(self.inverse(x)[..., 0])

    @torch.no_grad()
    def mass_centres(self) -> MassCentres:
        finest = 0.5 / self.log_steepness.exp().max().clamp(min=1)  # the width in z of the steepest unit
        z = torch.linspace(-9, 9, math.ceil(18 / finest) + 1, dtype=torch.float64)
        return MassCentres(self._height(z)[:, None], finest * self._slope(z))

    def _height(self, z: Tensor) -> Tensor:
        units = self.log_heights.exp() * (self.log_steepness.exp() * z[..., None] + self.shifts).tanh()
        return self.offset + self.log_slope.exp() * z + units.sum(-1)

    def _slope(self, z: Tensor) -> Tensor:
        """G'(z), above 0."""
        steepness = self.log_steepness.exp()
        units = self.log_heights.exp() * steepness / (steepness * z[..., None] + self.shifts).cosh().square()
        return self.log_slope.exp() + units.sum(-1)

    def _bisected(self, height: Tensor) -> Tensor:
        reach, slope = self.log_heights.exp().sum(), self.log_slope.exp()
        low, high = (height - self.offset - reach) / slope, (height - self.offset + reach) / slope
        least, greatest = self._height(torch.tensor([-LIKELY, LIKELY], dtype=torch.float64))
        low = torch.where(height > least, low.clamp(min=-LIKELY), low)
        high = torch.where(height < greatest, high.clamp(max=LIKELY), high)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            above = self._height(middle) > height
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        return (low + high) / 2
