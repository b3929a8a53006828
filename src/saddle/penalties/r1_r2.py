"""R1 and R2: a critic that is flat at the reals and at the fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import SlopePenalty


class R1R2(SlopePenalty):
    """gamma / 2 (E_real |grad D(x)|^2 + E_fake |grad D(x)|^2).

    Relativistic pairing needs both to converge locally (Huang et al. 2024, arXiv 2501.05441): with R1 alone D's
    gradient explodes on the fakes.
    """

    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__(weight=gamma / 2, target=0.0, one_sided=False, every=every)

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [real, fake]
