"""R1: a critic that is flat at the reals."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import SlopePenalty


class R1(SlopePenalty):
    """gamma / 2 E_real |grad D(x)|^2 (Mescheder, Geiger and Nowozin 2018, eq. 9).

    At the equilibrium D is flat on the data. The penalty makes alternating training converge locally, where the players
    might cycle without it. Sources without the 1/2 have half the gamma of this one.
    """

    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__(weight=gamma / 2, target=0.0, one_sided=False, every=every)

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [real]
