"""The interface of augmentations: D sees transformed images instead of images, in the steps of both players."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Augment(nn.Module, ABC):
    """A random transform T of images, drawn for each image in each step; D sees T(x), real or generated.

    G's step minimises its loss on D(T(G(z))), with a gradient through T. If only D's steps were augmented, G would
    learn to draw transformed images, or D would not be trained on G's images (Zhao et al. 2020, Karras et al. 2020).
    G does not learn T itself as long as the original distribution can be recovered from the transformed one.

    The random numbers of T are arguments, so that T is a function of (seed, step, index of the image).
    """

    numbers: int
    """Number of random numbers in the transform of one image."""

    def forward(self, x: Tensor, uniform: Tensor) -> Tensor:
        """T(x), in float32 at least and without autocast: a geometry in bfloat16 is off by whole pixels.

        Args:
            x: images [n, channels, height, width] of 1 or 3 channels, in [-1, 1]; T(x) may exceed this range.
            uniform: random numbers [n, numbers], uniform on [-1, 1].

        Raises:
            ValueError: x has another shape.
        """
        if x.dim() != 4 or x.shape[1] not in (1, 3):
            raise ValueError(
                f"{type(self).__name__} transforms images [count, channels, height, width] of 1 or 3 channels, not "
                f"x of {list(x.shape)}: set augment=none"
            )
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        with torch.autocast(x.device.type, enabled=False):
            return self.transformed(x, uniform.to(x))

    @abstractmethod
    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        """T(x) [n, channels, height, width], differentiable in x; arguments as for `forward`, with one dtype."""

    def observe(self, step: int, logits_real: Tensor, threshold: float | None) -> None:  # most do nothing
        """Adapt the augmentation to D's logits on the reals in its step number `step`.

        Args:
            step: counted from 0 over the whole run.
            logits_real: logits [batch] of all ranks, so that all adapt in the same way.
            threshold: threshold of the loss, see `Loss.threshold`.
        """

    def readings(self) -> dict[str, Tensor]:
        """Name -> number [] to log in each of D's steps."""
        return {}
