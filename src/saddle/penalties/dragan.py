"""DRAGAN: slope 1 around the reals."""

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Draw
from saddle.penalties.slope import SlopePenalty


class DRAGAN(SlopePenalty):
    """weight E (|grad D(x + d)| - 1)^2 at reals x and d ~ N(0, spread^2 I) (Kodali, Abernethy, Hays and Kira 2017).

    Without a 1/2, as published. `spread` is a constant in units of x, as in the paper's equation. Its code draws
    d = 0.5 std(batch) u with u uniform on [0, 1] instead, which couples the samples of a batch.
    """

    def __init__(self, *, weight: NonNegativeFloat, spread: PositiveFloat, every: PositiveInt) -> None:
        super().__init__(weight=weight, target=1.0, one_sided=False, every=every)
        self.spread = spread

    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        return [real + self.spread * draw("perturbation", tuple(real.shape[1:]), "normal").to(real.dtype)]
