"""The error that ends a run whose loss, gradient or weights are not finite."""

from math import isfinite

import torch
from torch import nn


class DivergedError(ValueError):
    """A number that training depends on is infinite or not a number."""


def diverged(network: str, update: int, loss: float, norm: float) -> DivergedError:
    """The error of a step of `network` in `update`, counted from 1, whose loss or gradient norm is not finite."""
    quantity = "gradient" if isfinite(loss) else "loss"
    return DivergedError(
        f"the {network}'s {quantity} is not finite in update {update:,} (loss {loss:.4g}, gradient norm {norm:.4g}): "
        "the run has diverged; try smaller learning rates (optimizer.discriminator.lr, optimizer.generator.lr), or "
        "another loss or penalty"
    )


@torch.no_grad()
def require_finite_weights(networks: dict[str, nn.Module], update: int) -> None:
    """Check all parameters after `update`, counted from 1.

    Raises:
        DivergedError: a parameter is infinite or not a number, or so large that its square is infinite.
    """
    names = [name for name, network in networks.items() if next(network.parameters(), None) is not None]
    norms = torch.stack([torch.nn.utils.get_total_norm(networks[name].parameters()).double() for name in names])
    wrong = [name for name, norm in zip(names, norms.tolist(), strict=True) if not isfinite(norm)]
    if wrong:
        raise DivergedError(
            f"the weights of the {' and the '.join(wrong)} are not finite after update {update:,}: the run has "
            "diverged; try a smaller learning rate"
        )
