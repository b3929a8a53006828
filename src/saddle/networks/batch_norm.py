"""Batch normalisation over the batch of all devices."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from saddle.distributed import world
from saddle.distributed.collectives import stacked


class SynchronisedBatchNorm(_BatchNorm):
    """Batch normalisation (Ioffe and Szegedy 2015) of x [batch, channels, ...] with statistics of all ranks' batches.

    In one process and in evaluation mode it equals torch's own, bit for bit. Otherwise one collective, which can be
    differentiated any number of times, merges each rank's mean and sum of squared deviations (Chan et al. 1979), in
    float32 at least. torch's SyncBatchNorm supports neither CPUs nor second derivatives. All ranks must have the same
    number of samples.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"batch normalisation takes [batch, channels, ...], not {list(input.shape)}")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or world.size() == 1:
            return super().forward(x)
        self._check_input_dim(x)
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        count, reduced = x.numel() // x.shape[1], [dim for dim in range(x.dim()) if dim != 1]
        broad = [1, -1, *[1] * (x.dim() - 2)]
        mean = wide.mean(reduced)  # [channels]
        spread = (wide - mean.view(broad)).square().sum(reduced)  # [channels]
        means, spreads = stacked(torch.stack([mean, spread])).unbind(1)  # each [W, channels]
        mean = means.mean(0)
        variance = (spreads.sum(0) + count * (means - mean).square().sum(0)) / (count * world.size())
        self._update_statistics(mean.detach(), variance.detach(), count * world.size())
        normalised = (wide - mean.view(broad)) * (variance + self.eps).rsqrt().view(broad)
        if self.affine:
            normalised = normalised * self.weight.view(broad) + self.bias.view(broad)
        return normalised.to(x.dtype)

    @torch.no_grad()
    def _update_statistics(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        momentum = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_((variance * count / (count - 1)).to(self.running_var.dtype), momentum)


def synchronised(network: nn.Module) -> nn.Module:
    """`network` with every batch normalisation of torch replaced; parameters, buffers and their names stay the same."""
    if isinstance(network, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        return _converted(network)
    for name, child in network.named_children():
        setattr(network, name, synchronised(child))
    return network


def _converted(norm: _BatchNorm) -> SynchronisedBatchNorm:
    settings = (norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    converted = SynchronisedBatchNorm(*settings, device="meta").train(norm.training)
    for name, parameter in norm.named_parameters():
        converted.register_parameter(name, parameter)
    for name, buffer in norm.named_buffers():
        converted.register_buffer(name, buffer)
    return converted
