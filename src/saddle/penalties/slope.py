"""Penalties on the slope |grad D(x)| of a critic at single samples: one formula, for several kinds of points."""

from abc import ABC, abstractmethod

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from saddle.penalties.base import Critic, Draw, Penalty


class SlopePenalty(Penalty, ABC):
    r"""weight sum over the kinds of points of E (|grad D(x)| - target)^2.

    $$ w \sum_{x \in \text{points}} E (\|\nabla D(x)\|_2 - t)^2, \quad
       \text{one-sided: } w \sum E \max(0, \|\nabla D(x)\|_2 - t)^2 $$

    Args:
        weight: w; R1 and R2 have w = gamma / 2.
        target: t, the slope at which the penalty vanishes.
        one_sided: whether slopes below `target` are not penalised.
        every: steps of D from one application to the next, see `Penalty`.
    """

    per_sample = True

    def __init__(self, *, weight: float, target: float, one_sided: bool, every: int) -> None:
        super().__init__()
        self.weight, self.target, self.one_sided, self.every = weight, target, one_sided, every

    @abstractmethod
    def points(self, real: Tensor, fake: Tensor, draw: Draw) -> list[Tensor]:
        """The points x [n, *shape] of each kind; arguments as for `forward`."""

    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        excesses = [slopes(critic, x) - self.target for x in self.points(real, fake, draw)]  # [n] each
        if self.one_sided:
            excesses = [excess.relu() for excess in excesses]
        return self.weight * torch.stack([excess.square().mean() for excess in excesses]).sum()


class GammaPenalty(SlopePenalty, ABC):
    """gamma / 2 times the mean squared slope: a zero-centred penalty in the usual convention for gamma."""

    has_gamma = True

    def __init__(self, *, gamma: NonNegativeFloat, every: PositiveInt) -> None:
        super().__init__(weight=gamma / 2, target=0.0, one_sided=False, every=every)


def slopes(critic: Critic, x: Tensor) -> Tensor:
    """|grad_x D(x)| [n] at x [n, *shape], the Euclidean norm over all entries of one sample; differentiable.

    It is computed in float32 at least and without autocast: the derivative of a penalty in bfloat16 is off by several
    percent. At a gradient of 0 the derivative of the norm is 0; that of the root of a sum of squares would be NaN.
    """
    x = x.detach().to(torch.promote_types(x.dtype, torch.float32)).requires_grad_()
    with torch.autocast(x.device.type, enabled=False), torch.enable_grad():
        logits = critic(x)  # [n]
        (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True, materialize_grads=True)  # [n, *shape]
        return torch.linalg.vector_norm(gradient.flatten(1), dim=1)


def between(real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """e real + (1 - e) fake [n, *shape] with e uniform on [0, 1], one for each pair."""
    share = (draw("interpolation", (), "uniform") + 1) / 2  # [n]
    share = share.to(real.dtype).view(-1, *[1] * (real.dim() - 1))
    return share * real + (1 - share) * fake
