"""An Inception network that nobody trained, for where the published weights cannot be had."""

from io import BytesIO
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from saddle.noise import generator, noise

SIDE = 299


class Unread(FeatureExtractorInceptionV3):
    """The network, built without a file of weights."""

    def __init__(self) -> None:
        empty = BytesIO()
        torch.save({}, empty)
        empty.seek(0)
        super().__init__("inception", ["2048"], feature_extractor_weights_path=empty)

    def load_state_dict(self, state_dict: dict[str, Tensor], **options: Any) -> None:
        super().load_state_dict(state_dict, **{"strict": False, **options})


def write(path: Path, count: int) -> None:
    """Write weights as a state dict: normal draws (He et al. 2015), and batch norms fitted to `count` noise images.

    With the statistics that a network is born with its features hardly depend on the image. Fitted, every channel has
    variance 1 over those images, around 1: around 0 a deep untrained network is chaotic, and magnifies the rounding of
    its own arithmetic to 2e-5 of the features, against 1e-6 around 1.
    """
    with torch.device("meta"):
        network = Unread()
    network.to_empty(device="cpu")
    for name, tensor in network.named_parameters():
        tensor.copy_(_initial(name, tensor))
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        network(pictures(count, SIDE))
    torch.save(network.state_dict(), path)


def pictures(count: int, size: int) -> Tensor:
    """Noise of several scales, each image with a mixture of its own: uint8 [count, 3, size, size]."""
    total = torch.zeros(count, 3, size, size)
    sides = [2**k for k in range(7)]
    weights = noise(0, "mixture", 0, range(count), [len(sides)]).exp()  # [count, scales]
    weights /= weights.norm(dim=1, keepdim=True)
    for weight, side in zip(weights.T, sides, strict=True):
        grain = noise(0, "grain", side, range(count), [3, side, side])
        total += weight.view(-1, 1, 1, 1) * interpolate(grain, (size, size), mode="bilinear")
    return (127.5 + 64 * total).round().clamp(0, 255).to(torch.uint8)


def _initial(name: str, tensor: Tensor) -> Tensor:
    if tensor.ndim == 1 and name != "fc.bias":
        return torch.ones(tensor.shape)
    drawn = torch.from_numpy(generator("inception", name).standard_normal(tuple(tensor.shape), dtype="float32"))
    return drawn * sqrt(2 / tensor[0].numel())
