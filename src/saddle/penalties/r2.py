"""R2: a critic that is flat at the fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import SlopePenalty


class R2(SlopePenalty):
    """gamma / 2 E_fake |grad D(x)|^2 (Mescheder, Geiger and Nowozin 2018, eq. 10).

    R1 on the samples of G: the same local convergence, and the same convention for the 1/2.
    """

    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__(weight=gamma / 2, target=0.0, one_sided=False, every=every)

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [fake]
