"""A copy of a network whose weights are the running average of the network's."""

import copy

import torch
from torch import Tensor, nn


def averaged(network: nn.Module, *, half_life: float | None, ramp: float, images: int) -> "Average | None":
    """The running average of the network; None where no half-life is asked for."""
    return None if half_life is None else Average(network, half_life=half_life, ramp=ramp, images=images)


class Average(nn.Module):
    """Weights averaged over the updates of training, to draw samples with (Yazici et al. 2019).

        average <- d average + (1 - d) weights,    d = 0.5^(n / h_t),    h_t = min(half_life, ramp t n) after update t

    with n images in an update: counted in images, the share that some weights have in the average halves every
    half-life, whatever the batch. The half-life is a part of the images so far where these are few, so that a short run
    is not held back by its first weights (Karras et al. 2020, the code of StyleGAN2-ADA: 0.05); after update 0 the
    average is a copy. Buffers, such as the statistics of a batch normalisation, are copied every time. torch's own
    `AveragedModel` gives the same bits, but goes through all tensors in Python and fetches its counter from the device
    in every update.

    Args:
        network: what is averaged.
        half_life: in images that the network learned from.
        ramp: largest half-life as a fraction of the images so far.
        images: that the network learns from in one update.
    """

    def __init__(self, network: nn.Module, *, half_life: float, ramp: float, images: int) -> None:
        super().__init__()
        self.module = copy.deepcopy(network).requires_grad_(False)
        self.half_life, self.ramp, self.images = half_life, ramp, images
        self._network = [network]  # in a list: it is no part of this module
        self.refer()

    def refer(self) -> None:
        """Look the tensors up again: moving a module to another device replaces its buffers."""
        (network,) = self._network
        self._weights: list[Tensor] = list(network.parameters())
        self._averages: list[Tensor] = list(self.module.parameters())
        self._buffers_of_network = list(network.buffers())
        self._copies = list(self.module.buffers())

    def decay(self, update: int) -> float:
        """d after `update`, counted from 0."""
        if update == 0:
            return 0.0
        return 0.5 ** (self.images / min(self.half_life, self.ramp * update * self.images))

    @torch.no_grad()
    def update(self, update: int) -> None:
        """Take in the weights after `update`, counted from 0."""
        torch._foreach_lerp_(self._averages, self._weights, 1 - self.decay(update))
        if self._copies:
            torch._foreach_copy_(self._copies, self._buffers_of_network)
