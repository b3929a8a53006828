"""R1 and R2: a critic that is flat at the reals and at the fakes."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty
from saddle.penalties.gradients import slopes


class R1R2(Penalty):
    """gamma / 2 (E_real |grad D(x)|^2 + E_fake |grad D(x)|^2).

    What relativistic pairing needs to converge locally (Huang et al. 2024, arXiv 2501.05441): with R1 alone D's
    gradient explodes on the fakes.
    """

    per_sample = True
    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__()
        self.gamma, self.every = gamma, every

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        squares = slopes(critic, real).square().mean() + slopes(critic, fake).square().mean()
        return self.gamma / 2 * squares
