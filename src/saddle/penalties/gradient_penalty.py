"""The gradient penalty of WGAN-GP: slope 1 between reals and fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import SlopePenalty, between


class GradientPenalty(SlopePenalty):
    """weight E (|grad D(x)| - 1)^2 at x = e real + (1 - e) fake, e uniform on [0, 1] (Gulrajani et al. 2017, eq. 3).

    Without a 1/2, as published. The optimal 1-Lipschitz critic has slope 1 almost everywhere on the lines between
    coupled reals and fakes, hence the two-sided penalty. But here pairs are drawn independently, and between these the
    slope may be smaller, which `one_sided` permits: weight E max(0, |grad D(x)| - 1)^2 (Petzka, Fischer and Lukovnikov
    2018, WGAN-LP). Some well-known suites take one norm over the batch instead of one for each sample by mistake: for a
    critic of slope 1 everywhere that gives (sqrt(8) - 1)^2 = 3.343 at batch 8 instead of 0.
    """

    def __init__(self, *, weight: NonNegativeFloat, one_sided: bool, every: PositiveInt) -> None:
        super().__init__(weight=weight, target=1.0, one_sided=one_sided, every=every)

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [between(real, fake, draw)]
