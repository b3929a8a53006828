"""R1: a critic that is flat at the reals."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty
from saddle.penalties.gradients import slopes


class R1(Penalty):
    """gamma / 2 E_real |grad D(x)|^2 (Mescheder, Geiger and Nowozin 2018, eq. 9).

    At the equilibrium D is flat on the data, and a D that is not is pulled back: alternating training then converges
    locally, where without it the players may circle. Sources that leave the 1/2 out have half the gamma of this one.
    """

    per_sample = True
    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__()
        self.gamma, self.every = gamma, every

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        return self.gamma / 2 * slopes(critic, real).square().mean()
