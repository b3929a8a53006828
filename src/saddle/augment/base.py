"""An augmentation stands between x and the discriminator: both players see transformed images instead of images."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Augment(nn.Module, ABC):
    """A random transform T of images, drawn anew for each image in each step; D judges T(x), real or generated.

    G's step minimises its loss on D(T(G(z))), with a gradient through T: were only D's inputs transformed, G would
    learn to draw transformed images, or face a D that has never seen its own (Zhao et al. 2020, Karras et al. 2020).
    G stays free of T only where T does not hide which distribution it was applied to.

    The numbers that T is made of come from outside, so that a T is a function of (seed, step, index of the image).
    """

    numbers: int
    """How many random numbers the transform of one image is made of."""

    def forward(self, x: Tensor, uniform: Tensor) -> Tensor:
        """T(x), in float32 at least and without autocast: a geometry in bfloat16 is off by whole pixels.

        Args:
            x: images [n, channels, height, width] of 1 or 3 channels, in [-1, 1]; T(x) may lie beyond.
            uniform: [n, numbers], uniform on [-1, 1].

        Raises:
            ValueError: x is something else.
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
        """T(x) [n, channels, height, width], differentiable in x; arguments as for `forward`, of one type."""

    def observe(self, step: int, logits_real: Tensor, threshold: float | None) -> None:  # most do nothing
        """What D's step number `step` said of the reals, for an augmentation that adapts itself.

        Args:
            step: counted from 0 over the whole run.
            logits_real: [batch], of all ranks, so that all adapt alike.
            threshold: of the loss, see `Loss.threshold`.
        """

    def readings(self) -> dict[str, Tensor]:
        """Name -> number [] of what belongs in the log of each of D's steps."""
        return {}
