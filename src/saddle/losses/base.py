"""The interface of losses, which define the game: the terms that D and G minimise."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor


class Loss(ABC):
    """Both players' terms on logits [batch]; both are minimised, and a larger logit means more real.

    An option defines the two terms. The game calls `discriminator` and `generator`, which check the logits first.
    """

    threshold: float | None = 0.0
    """The logit above which D's optimum is where reals are more frequent than fakes; None if logits are defined only up
    to a constant."""

    needs_lipschitz: bool = False
    """Whether D's term has no infimum unless D is constrained to be Lipschitz."""

    @final
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's term [] for logits [batch] of reals and of fakes, in float32 or wider.

        Raises:
            ValueError: the logits are not [batch], differ in number, or have less precision than float32; or the
                term is not a scalar.
        """
        _check(real, fake)
        return self._scalar(self.discriminator_term(real, fake), "discriminator_term")

    @final
    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """G's term []; `real` is None unless this is a `RelativeLoss`. Shapes and errors as for D."""
        _check(fake if real is None else real, fake)
        return self._scalar(self.generator_term(real, fake), "generator_term")

    def _scalar(self, term: Tensor, name: str) -> Tensor:
        if term.dim():
            shape = list(term.shape)
            raise ValueError(f"{type(self).__name__}.{name} returns {shape}, not a scalar []: take the batch's mean")
        return term

    def optimum(self, log_ratio: Tensor) -> Tensor | None:
        """D* where log(P_data / P_G) is log_ratio [...], elementwise: the logits [...] that minimise D's term.

        Infinite where every larger (or smaller) logit is better, NaN where a whole interval is optimal. If `threshold`
        is None, any constant may be added to all logits.

        None, as here, means that the optimum is not a function of the ratio: D* at one point depends on P_data and P_G
        at other points, or on a smoothness constraint. An option with an optimum of this form overrides this method.
        """
        return None

    @abstractmethod
    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's term [] for logits [batch] of reals and of fakes."""

    @abstractmethod
    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """G's term []; `real` is None unless this is a `RelativeLoss`."""


class RelativeLoss(Loss):
    """A loss whose generator term compares fakes with reals: G's step also sees fresh reals."""

    threshold = None

    @final
    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        if real is None:
            raise ValueError(f"{type(self).__name__} compares fakes with reals: G's term needs the logits of both")
        return self.generator_against(real, fake)

    @abstractmethod
    def generator_against(self, real: Tensor, fake: Tensor) -> Tensor:
        """G's term [] for logits [batch] of reals and of fakes."""


def _check(real: Tensor, fake: Tensor) -> None:
    if real.dim() != 1 or fake.shape != real.shape:
        raise ValueError(
            f"a loss takes logits [batch] of as many reals as fakes, not {list(real.shape)} and "
            f"{list(fake.shape)}. [batch] against [batch, 1] would broadcast to [batch, batch]; squeeze D's outputs"
        )
    for logits in (real, fake):
        if logits.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"a loss takes logits in float32 or float64, not {logits.dtype}: convert D's outputs")
