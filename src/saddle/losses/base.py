"""A loss is a game: one value function, and what each player does about it."""

from abc import ABC, abstractmethod

from torch import Tensor


class Loss(ABC):
    """Both players' terms on logits [batch], larger for what D takes for real; both terms are minimised.

    `real` is None in the generator's term unless the loss compares fakes with reals.
    """

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """What D minimises; logits [batch] of reals and of fakes to a scalar []."""

    @abstractmethod
    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """What G minimises; logits [batch] of reals and of fakes to a scalar []."""
