"""The interface of penalties: a term that D minimises in addition to its loss, or a constraint on its weights."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]
"""D as a function from x [n, *shape] to logits [n], not compiled, as compiled code has no second derivative.

In a conditional game it uses the labels of this step: real i, fake i and points between them have one label.
"""
Draw = Callable[[str, tuple[int, ...], str], Tensor]
"""(stream, shape, distribution) to noise [n, *shape] for the samples of this step, as in `saddle.noise`.

Row i is a function of (seed, stream, step, index of sample i in the whole batch), on the device of x. `distribution` is
`normal`, N(0, I), or `uniform` on [-1, 1]; each stream is used once in a step.
"""


class Penalty(nn.Module, ABC):
    """In steps whose number `every` divides, D minimises loss + `every` x penalty, in the others its loss alone.

    Lazy application (Karras et al. 2020, StyleGAN2) does not change the mean gradient; that paper also changes Adam's
    lr and betas, which are settings of the optimiser here. Buffers are state and belong to the checkpoint.
    """

    per_sample: ClassVar[bool] = False
    """Whether the penalty is on D's slope at single samples. A D with batch normalisation, whose logits depend on other
    samples, has no such slope (Gulrajani et al. 2017, section 4)."""
    has_gamma: ClassVar[bool] = False
    """Whether the penalty is gamma / 2 times a mean squared slope, the usual convention for gamma."""
    confines_weights: ClassVar[bool] = False
    """Whether the penalty constrains D's weights (`project`), which is meaningless with spectral normalisation."""
    every: int = 1

    @abstractmethod
    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        """The weighted penalty []; its mean over the ranks is that of the whole batch.

        Args:
            critic: function from x to logits.
            real, fake: x [n, *shape], this rank's share.
            logits_real, logits_fake: D's outputs [batch] on the reals and the fakes of all ranks.
            draw: noise for this rank's share.
        """

    def project(self, discriminator: nn.Module) -> None:
        """Project D's weights to their constraint after each of its steps; by default there is none."""
