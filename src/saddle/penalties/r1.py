"""R1: a critic that is flat at the reals."""

from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import GammaPenalty


class R1(GammaPenalty):
    """gamma / 2 E_real |grad D(x)|^2 (Mescheder, Geiger and Nowozin 2018, eq. 9).

    At the equilibrium D is flat on the data. The penalty makes alternating training converge locally, where the players
    might cycle without it. Sources without the 1/2 have half the gamma of this one.
    """

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [real]
