"""The slope of a critic at each sample."""

import torch
from torch import Tensor

from saddle.penalties.base import Critic


def slopes(critic: Critic, x: Tensor) -> Tensor:
    """|grad_x D(x)| [n] at x [n, *shape], the Euclidean norm over all entries of one sample; it can be derived again.

    In float32 at least and without autocast: the derivative of a penalty in bfloat16 is wrong by percents. Where the
    gradient is 0 the norm's derivative is taken as 0; that of the root of a sum of squares would be NaN.
    """
    x = x.detach().to(torch.promote_types(x.dtype, torch.float32)).requires_grad_()
    with torch.autocast(x.device.type, enabled=False), torch.enable_grad():
        logits = critic(x)  # [n]
        (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True, materialize_grads=True)  # [n, *shape]
        return torch.linalg.vector_norm(gradient.flatten(1), dim=1)
