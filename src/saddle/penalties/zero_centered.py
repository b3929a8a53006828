"""The zero-centred gradient penalty: flat between reals and fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import SlopePenalty, between


class ZeroCentered(SlopePenalty):
    """weight E |grad D(x)|^2 at x = e real + (1 - e) fake, e uniform on [0, 1] (Thanh-Tung, Tran and Venkatesh 2019).

    Without a 1/2, as published (0-GP). R1 on the lines between the two samples instead of on the reals, which prevents
    steep walls around single reals: the paper shows that these keep D from generalising.
    """

    def __init__(self, *, weight: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__(weight=weight, target=0.0, one_sided=False, every=every)

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [between(real, fake, draw)]
