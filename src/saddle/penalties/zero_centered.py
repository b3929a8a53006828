"""The zero-centred gradient penalty: flat between reals and fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty
from saddle.penalties.gradients import slopes
from saddle.penalties.interpolation import between


class ZeroCentered(Penalty):
    """weight E |grad D(x)|^2 at x = e real + (1 - e) fake, e uniform on [0, 1] (Thanh-Tung, Tran and Venkatesh 2019).

    Without a 1/2, as published (0-GP). R1 on the lines between the two samples instead of on the reals: D may then not
    memorise single reals by steep walls around them, which the paper shows to keep it from generalising.
    """

    per_sample = True

    def __init__(self, *, weight: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__()
        self.weight, self.every = weight, every

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        return self.weight * slopes(critic, between(real, fake, draw)).square().mean()
