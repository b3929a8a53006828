"""Weight clipping: a critic that is Lipschitz because its weights are bounded."""

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from saddle.penalties.base import Critic, Draw, Penalty


class WeightClipping(Penalty):
    """After each of D's steps every parameter is clamped to [-limit, limit] (Arjovsky, Chintala and Bottou 2017).

    D is then K-Lipschitz for some K that depends on the architecture, and measures at most K times the Wasserstein
    distance. The paper itself calls it "a clearly terrible way"; it is included for comparison. Scales of
    normalisations are clamped too. Spectral normalisation divides by a weight's norm, which cancels the clipping.
    """

    confines_weights = True

    def __init__(self, *, limit: PositiveFloat) -> None:
        super().__init__()
        self.limit = limit

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        return logits_real.new_zeros(())

    @torch.no_grad()
    def project(self, discriminator: nn.Module) -> None:
        for parameter in discriminator.parameters():
            parameter.clamp_(-self.limit, self.limit)
