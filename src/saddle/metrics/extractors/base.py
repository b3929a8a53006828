"""What every feature extractor promises: the same images give the same features, whatever is trained around it."""

from abc import ABC, abstractmethod
from typing import Any, Self

import torch
from torch import Tensor, nn

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness of a pixel (ITU-R BT.601)."""


class Extractor(nn.Module, ABC):
    """A frozen network from uint8 images [count, channels, height, width] to float32 features [count, num_features].

    It stays in eval mode whatever its owner does, computes in float32 inside any autocast, keeps no graph, and draws
    no random number. Grey images are repeated, colour images turned to luma, where the network wants the other.
    """

    name: str
    """Suffix of the metrics measured on it: `precision_<name>`."""
    frechet_name: str
    """Name of the Frechet distance on these features: `fid` on Inception's, `fd_<name>` on all others."""
    kernel_name: str
    """Name of the kernel distance on these features: `kid` on Inception's, `kd_<name>` on all others."""
    num_features: int
    digest: str
    """Hash of the weights file: two numbers compare only under the same digest."""
    resize: str
    """What happens to an image of another size, in words."""
    remark: str = ""
    """A warning for readers of its numbers; usually empty."""
    channels: int
    """How many channels the network itself takes: 1 or 3."""

    def described(self) -> dict[str, Any]:
        """What the protocol of an evaluation says of this extractor."""
        return {"extractor": self.name, "digest": self.digest, "resize": self.resize, "remark": self.remark}

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Features of float images in 0..255 [count, channels, height, width] of any size: [count, num_features]."""

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Features of uint8 images.

        Raises:
            ValueError: the images are not uint8 [count, channels, height, width] with 1 or 3 channels.
        """
        if images.dtype != torch.uint8 or images.ndim != 4:
            raise ValueError(
                f"extractor {self.name} takes uint8 images [count, channels, height, width] in 0..255, "
                f"not {images.dtype} {list(images.shape)}; saddle.data.pixels.to_uint8 rounds from [-1, 1]"
            )
        return self.unrounded(images.float())

    @torch.no_grad()
    def unrounded(self, images: Tensor) -> Tensor:
        """Features of float images in 0..255 that need not be whole: for differences smaller than rounding."""
        # float32 in full: on a GPU convolutions would round to TF32, and a number would depend on where it was measured
        with (
            torch.autocast(images.device.type, enabled=False),
            torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
        ):
            return self.features(self._channels(images)).float()

    def train(self, mode: bool = True) -> Self:
        """Nothing: the extractor stays in eval mode."""
        return super().train(False)

    def _channels(self, images: Tensor) -> Tensor:
        channels = images.shape[1]
        if channels == self.channels:
            return images
        if channels == 1:
            return images.expand(-1, self.channels, -1, -1)
        if channels == 3 and self.channels == 1:
            weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
            return (images * weights).sum(dim=1, keepdim=True)
        raise ValueError(
            f"extractor {self.name} reads images of {self.channels} channels; images may have 1 or 3, not {channels}"
        )


class Classifier(Extractor):
    """An extractor whose features lead to class scores: an inception score can be measured on it."""

    @abstractmethod
    def logits(self, features: Tensor) -> Tensor:
        """Scores before the softmax, [count, classes], of features [count, num_features]."""
