"""R1 and R2: a critic that is flat at the reals and at the fakes."""

from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import GammaPenalty


class R1R2(GammaPenalty):
    """gamma / 2 (E_real |grad D(x)|^2 + E_fake |grad D(x)|^2).

    Relativistic pairing needs both to converge locally (Huang et al. 2024, arXiv 2501.05441): with R1 alone D's
    gradient explodes on the fakes.
    """

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [real, fake]
