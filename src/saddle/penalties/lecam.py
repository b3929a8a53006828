"""LeCam: logits near the recent mean logits of the other side."""

from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat
from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty


class LeCam(Penalty):
    """weight (E_real (D(x) - a_fake)^2 + E_fake (D(x) - a_real)^2) (Tseng, Jiang, Liu, Yang and Yang 2021).

    a_real and a_fake are moving averages of D's mean logits, a <- decay a + (1 - decay) mean, including this step,
    divided by 1 - decay^steps to correct for their start at 0. They are constants in D's gradient. With the wasserstein
    loss D then maximises a LeCam divergence. The penalty is meant for small data sets.

    The authors' code uses only max(0, D(x) - a_fake) and max(0, a_real - D(x)), which is the same while D separates
    reals from fakes.
    """

    averages: Tensor
    steps: Tensor

    def __init__(self, *, weight: NonNegativeFloat, decay: Annotated[float, Field(ge=0, lt=1)]) -> None:
        super().__init__()
        self.weight, self.decay = weight, decay
        self.register_buffer("averages", torch.zeros(2))  # of reals and of fakes, not yet divided
        self.register_buffer("steps", torch.zeros(()))

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        average_real, average_fake = self._averaged(logits_real, logits_fake)
        distances = (logits_real - average_fake).square().mean() + (logits_fake - average_real).square().mean()
        return self.weight * distances

    @torch.no_grad()
    def _averaged(self, logits_real: Tensor, logits_fake: Tensor) -> Tensor:
        """Both averages [2] after this step."""
        means = torch.stack([logits_real.mean(), logits_fake.mean()]).to(self.averages.dtype)
        self.averages.lerp_(means, 1 - self.decay)
        self.steps.add_(1)
        return self.averages / (1 - self.decay**self.steps)
