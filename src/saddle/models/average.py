"""A copy of a network whose weights are the running average of the network's."""

import copy

import torch
from torch import Tensor, nn


class Average(nn.Module):
    """Weights averaged over the updates of training, to draw samples with (Yazici et al. 2019).

        average <- d average + (1 - d) weights,    d = min(decay, (1 + t) / (10 + t)) after update t + 1, t = 1, 2, ...

    and a copy of the weights after the first update: a short run is not held back by its first weights. Buffers, such
    as the statistics of a batch normalisation, are copied every time. torch's own `AveragedModel` gives the
    same bits, but goes through all tensors in Python and fetches its counter from the device in every update.

    Args:
        network: what is averaged.
        decay: d in the long run.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay
        self._network = [network]  # in a list: it is no part of this module
        self.refer()

    def refer(self) -> None:
        """Look the tensors up again: moving a module to another device replaces its buffers."""
        (network,) = self._network
        self._weights: list[Tensor] = list(network.parameters())
        self._averages: list[Tensor] = list(self.module.parameters())
        self._buffers_of_network = list(network.buffers())
        self._copies = list(self.module.buffers())

    @torch.no_grad()
    def update(self, t: int) -> None:
        """Take in the weights after update t + 1."""
        decay = min(self.decay, (1 + t) / (10 + t)) if t else 0.0
        torch._foreach_lerp_(self._averages, self._weights, 1 - decay)
        if self._copies:
            torch._foreach_copy_(self._copies, self._buffers_of_network)
