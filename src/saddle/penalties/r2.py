"""R2: a critic that is flat at the fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty
from saddle.penalties.gradients import slopes


class R2(Penalty):
    """gamma / 2 E_fake |grad D(x)|^2 (Mescheder, Geiger and Nowozin 2018, eq. 10).

    R1 on the samples of G: the same local convergence, and the same convention for the 1/2.
    """

    per_sample = True
    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__()
        self.gamma, self.every = gamma, every

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        return self.gamma / 2 * slopes(critic, fake).square().mean()
