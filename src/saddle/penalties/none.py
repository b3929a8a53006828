"""No penalty."""

from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty


class NoPenalty(Penalty):
    """0, and D's weights go anywhere."""

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        return logits_real.new_zeros(())
