"""Langevin dynamics: samples of exp(D) instead of the highest points of D."""

from math import sqrt

from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor

from saddle.search.walk import Noise, Walk


class Langevin(Walk):
    r"""Noisy ascent of D: in the limit of small steps and long chains a sample of q(x) = exp(D(x) / T) / Z.

    $$x \leftarrow x + \frac{\epsilon}{2} \nabla_x D(x) + \sqrt{\epsilon T} \xi, \quad \xi \sim N(0, I)$$

    Steps are never rejected (the unadjusted algorithm: Roberts and Tweedie 1996), so a step that is not small changes
    the stationary distribution: for D(x) = -x^2 / (2 s^2) it is N(0, T s^2 / (1 - eps / (4 s^2))) instead of
    N(0, T s^2), and for eps >= 4 s^2 there is none.

    As generators of images such chains are far from their limit. Du and Mordatch (2019) use steps of 10 gradients and
    noise of 0.005, which is T = 0.005^2 / 20, about 1e-6: nearly the argmax. Nijkamp et al. (2019) treat short chains
    from noise as a generator of their own, whatever their limit is.

    Args:
        step: epsilon, in units of x squared for a gradient in 1 / x.
        temperature: T.
        limit: largest absolute value of each entry of the gradient, which is clamped (Du and Mordatch 2019, in their
            code); null: no limit.
        bounded: see `Walk`.
    """

    def __init__(
        self, *, step: PositiveFloat, temperature: NonNegativeFloat, limit: PositiveFloat | None, bounded: bool
    ) -> None:
        super().__init__(bounded=bounded)
        self.step, self.temperature, self.limit = step, temperature, limit

    def move(self, x: Tensor, slope: Tensor, draw: Noise) -> Tensor:
        if self.limit is not None:
            slope = slope.clamp(-self.limit, self.limit)
        moved = x + self.step / 2 * slope
        return moved + sqrt(self.step * self.temperature) * draw() if self.temperature else moved
