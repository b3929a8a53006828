r"""Sums over ranks that can be differentiated any number of times.

Every rank computes the same loss L of all samples and its gradients. The backward pass of a collective sums the
gradients of all ranks, so a rank computes gradients of the objective $\sum_r L_r = W L$. Their average over the W ranks
is the gradient of L, as in one process with the whole batch. The same average is correct for a mean of local means.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import pad

from saddle.distributed import world


class _Summed(torch.autograd.Function):
    """x to its sum over all ranks; the derivative is the same operation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return _Summed.apply(gradients[0])


def stacked(x: Tensor) -> Tensor:
    """x [...] of every rank, in the order of ranks: [W, ...]. All must have the same shape."""
    before, after = world.rank(), world.size() - 1 - world.rank()
    return _Summed.apply(pad(x[None], (0, 0) * x.dim() + (before, after)))


def joined(x: Tensor) -> Tensor:
    """The batch [count, ...] of all ranks, in their order, from this rank's share x [count / W, ...]."""
    return x if world.size() == 1 else stacked(x).flatten(0, 1)


def gathered(*parts: Tensor) -> tuple[Tensor, ...]:
    """Each of the parts for all samples, [count], from those of this rank's, [count / W], in one collective."""
    if world.size() == 1:
        return parts
    together = stacked(torch.stack(parts))  # [W, parts, count / W]
    return tuple(together.transpose(0, 1).flatten(1))  # parts x [count]


@torch.no_grad()
def average_gradients(parameters: list[Tensor]) -> None:
    """Replace the gradients of `parameters` by their means over the ranks, in one collective."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if world.size() == 1 or not gradients:
        return
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    means = (flat / world.size()).split([gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))


@torch.no_grad()
def copy_from_first(tensors: list[Tensor]) -> None:
    """Copy the values of rank 0 to every rank."""
    for tensor in tensors:
        values = tensor.detach().contiguous()  # unlike a tensor in channels_last
        dist.broadcast(values, src=0)
        tensor.copy_(values)
