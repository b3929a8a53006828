"""Running averages of the weights of a network."""

import copy

import torch
from torch import Tensor, nn


def averaged(network: nn.Module, *, half_life: float | None, ramp: float, images: int) -> "Average | None":
    """The running average of the network; None if `half_life` is None."""
    return None if half_life is None else Average(network, half_life=half_life, ramp=ramp, images=images)


class Average(nn.Module):
    """Weights averaged over the updates of training, to draw samples with (Yazici et al. 2019).

        average <- d average + (1 - d) weights,    d = 0.5^(n / h_t),    h_t = min(half_life, ramp t n) after update t

    with n images in an update: counted in images, the contribution of past weights to the average halves every
    half-life, whatever the batch size. Early in training the half-life is limited to a fraction of the images so far,
    which limits the influence of the initial weights on a short run (Karras et al. 2020, the code of StyleGAN2-ADA:
    0.05); after update 0 the average is a copy. Buffers, such as the statistics of batch normalisation, are copied
    every time. torch's own `AveragedModel` gives the same bits, but loops over all tensors in Python and fetches its
    counter from the device in every update.

    Args:
        network: network to average.
        half_life: half-life in images that the network learned from.
        ramp: largest half-life as a fraction of the images so far.
        images: number of images that the network learns from in one update.
    """

    def __init__(self, network: nn.Module, *, half_life: float, ramp: float, images: int) -> None:
        super().__init__()
        self.module = copy.deepcopy(network).requires_grad_(False)
        self.half_life, self.ramp, self.images = half_life, ramp, images
        self._network = [network]  # in a list, which keeps it out of the child modules
        self.refer()

    def refer(self) -> None:
        """Refer to the current tensors: moving a module to another device replaces its buffers."""
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
        """Include the weights after `update`, counted from 0."""
        torch._foreach_lerp_(self._averages, self._weights, 1 - self.decay(update))
        if self._copies:
            torch._foreach_copy_(self._copies, self._buffers_of_network)
