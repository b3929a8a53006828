"""A penalty is a term that D minimises besides its loss, or a set that its weights must stay in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]
"""x [n, *shape] to logits [n]: D, not compiled, as compiled code has no second derivative.

In a conditional game D is bound to the labels of this step: real i, fake i and what lies between them have one label.
"""
Draw = Callable[[str, tuple[int, ...], str], Tensor]
"""(stream, shape, distribution) to noise [n, *shape] for the samples of this step, as in `saddle.noise`.

Row i is a function of (seed, stream, step, index of sample i in the whole batch), on the device of x. `distribution` is
`normal`, N(0, I), or `uniform` on [-1, 1]; a stream is drawn from once in a step.
"""


class Penalty(nn.Module, ABC):
    """In D's steps whose number `every` divides it minimises loss + `every` x penalty, in the others its loss alone.

    Lazy application (Karras et al. 2020, StyleGAN2) leaves the mean gradient as it is; that paper also changes Adam's
    lr and betas, which are the optimiser's own settings here. Buffers are state: they belong into the checkpoint.
    """

    per_sample: ClassVar[bool] = False
    """Whether the penalty is on D's slope at single samples. Then a sample's logit may not depend on the other samples:
    a D with batch normalisation has no such slope (Gulrajani et al. 2017, section 4)."""
    has_gamma: ClassVar[bool] = False
    """Whether it is gamma / 2 times a mean squared slope, the convention in which the literature compares gammas."""
    confines_weights: ClassVar[bool] = False
    """Whether it is the set that D's weights must stay in (`project`), from which a spectral norm takes the meaning."""
    every: int = 1

    @abstractmethod
    def forward(
        self, critic: Critic, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor, draw: Draw
    ) -> Tensor:
        """The weighted penalty [], whose mean over the ranks is that of the whole batch.

        Args:
            critic: x to logits.
            real, fake: x [n, *shape], this rank's share.
            logits_real, logits_fake: D's outputs [batch] on the reals and the fakes of all ranks.
            draw: noise for this rank's share.
        """

    def project(self, discriminator: nn.Module) -> None:
        """Bring D's weights back to where they must stay, after each of its steps; by default they may go anywhere."""
