"""A generator over finitely many points."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.theory.discrete import Discrete
from saddle.theory.distribution import Distribution


class CategoricalGenerator(nn.Module, Distribution):
    """P_G = softmax(logits) over given points: a generator whose every expectation is a sum.

    A loss is averaged over the points with their probabilities, so that its gradient is exact; no sample is needed.

    Args:
        points: the points, [count, *shape], all distinct.
        logits: the initial logits, [count].
    """

    points: Tensor

    def __init__(self, *, points: Tensor, logits: Tensor) -> None:
        super().__init__()
        self.register_buffer("points", points.double())
        self.logits = nn.Parameter(logits.double().clone())
        self.shape = tuple(points.shape[1:])
        self.now()  # refuses invalid points and logits

    @property
    def probabilities(self) -> Tensor:
        """softmax(logits), [count]; gradients flow."""
        return self.logits.softmax(0)

    def now(self) -> Discrete:
        """The current distribution; gradients flow through it."""
        return Discrete(points=self.points, probabilities=self.probabilities)

    def expectation(self, values: Tensor) -> Tensor:
        """E_G f = sum P_G(x) f(x) for f at the points, [count] to []; exact, with an exact gradient."""
        return self.probabilities @ values

    def log_prob(self, x: Tensor) -> Tensor:
        return self.now().log_prob(x)

    @torch.no_grad()
    def sample(self, indices: Sequence[int], seed: int) -> Tensor:
        return self.now().sample(indices, seed)
