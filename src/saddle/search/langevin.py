"""Langevin dynamics: not the highest points of D, but samples of exp(D)."""

from math import sqrt

from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor

from saddle.search.walk import Noise, Walk


class Langevin(Walk):
    r"""x climbs D and is shaken: in the limit of small steps and long walks a sample of q(x) = exp(D(x) / T) / Z.

    $$x \leftarrow x + \frac{\epsilon}{2} \nabla_x D(x) + \sqrt{\epsilon T} \xi, \quad \xi \sim N(0, I)$$

    No step is ever rejected (Roberts and Tweedie 1996: the unadjusted algorithm), so a step that is not small has
    another stationary distribution: of D(x) = -x^2 / (2 s^2) it is N(0, T s^2 / (1 - eps / (4 s^2))) instead of
    N(0, T s^2), and from eps = 4 s^2 on there is none.

    As generators of images such walks are far from their limit. Du and Mordatch (2019) move by 10 slopes and shake by
    0.005, which is T = 0.005^2 / 20, about 1e-6: nearly the argmax. Nijkamp et al. (2019) say of short walks from noise
    that they are a generator by themselves, whatever their limit is.

    Args:
        step: epsilon, in units of x squared for a slope in 1 / x.
        temperature: T.
        limit: each number of a slope is cut to [-limit, limit] (Du and Mordatch 2019, in their code); null: none is.
        bounded: as for `Walk`.
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
