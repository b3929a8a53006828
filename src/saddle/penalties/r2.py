"""R2: a critic that is flat at the fakes."""

from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import GammaPenalty


class R2(GammaPenalty):
    """gamma / 2 E_fake |grad D(x)|^2 (Mescheder, Geiger and Nowozin 2018, eq. 10).

    R1 on the samples of G: the same local convergence, and the same convention for the 1/2.
    """

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [fake]
