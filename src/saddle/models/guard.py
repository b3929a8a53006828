"""Where training stops: a loss, a gradient or weights that are not finite."""

from math import isfinite

import torch
from torch import Tensor, nn


class DivergedError(ValueError):
    """A number that training stands on is infinite or not a number."""


class Guard:
    """Looks at the loss and the gradient of every step before the step is taken.

    On a CPU a step that would spoil the weights is not taken. Elsewhere that would make the processor wait for the
    device in every step: there `require_finite` fetches the numbers together, before anything is measured or stored.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[str, int, Tensor, Tensor]] = []

    def look(self, network: str, update: int, loss: Tensor, gradient: Tensor) -> None:
        """A step of `network` is about to be taken.

        Args:
            network: its name.
            update: the update that the step belongs to, counted from 1.
            loss: [], what the step descends.
            gradient: [], the norm over all parameters of the network.

        Raises:
            DivergedError: one of them is not finite.
        """
        if loss.device.type == "cpu":
            _require_finite(network, update, loss.item(), gradient.item())
        else:
            self._seen.append((network, update, loss.detach(), gradient))

    def require_finite(self) -> None:
        """All steps since the last call.

        Raises:
            DivergedError: one had a number that is not finite; it names the first.
        """
        seen, self._seen = self._seen, []
        if not seen:
            return
        numbers = torch.stack([number.double() for *_, loss, norm in seen for number in (loss, norm)]).tolist()
        for (network, update, *_), loss, norm in zip(seen, numbers[::2], numbers[1::2], strict=True):
            _require_finite(network, update, loss, norm)


def _require_finite(network: str, update: int, loss: float, norm: float) -> None:
    if isfinite(loss) and isfinite(norm):
        return
    what = "gradient" if isfinite(loss) else "loss"
    raise DivergedError(
        f"the {network}'s {what} is not finite in update {update:,} (loss {loss:.4g}, gradient norm {norm:.4g}): the "
        "run has diverged; try smaller learning rates (optimizer.discriminator.lr, optimizer.generator.lr), or another "
        "loss or penalty"
    )


@torch.no_grad()
def require_finite_weights(networks: dict[str, nn.Module], update: int) -> None:
    """Look at all parameters after `update`, counted from 1.

    Raises:
        DivergedError: one is infinite or not a number, or so large that its square is.
    """
    names = [name for name, network in networks.items() if next(network.parameters(), None) is not None]
    norms = torch.stack([torch.nn.utils.get_total_norm(networks[name].parameters()).double() for name in names])
    wrong = [name for name, norm in zip(names, norms.tolist(), strict=True) if not isfinite(norm)]
    if wrong:
        raise DivergedError(
            f"the weights of the {' and the '.join(wrong)} are not finite after update {update:,}: the run has "
            "diverged; try a smaller learning rate"
        )
