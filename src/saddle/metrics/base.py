"""What an evaluation is: samples in, numbers out, and the protocol under which they were measured."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor


class SampleEvaluator(ABC):
    """Measures what a model draws against its data.

    Nothing is drawn from a global generator, and no module changes its mode: training goes on as if nothing had been
    measured.
    """

    of: str
    """The `kind` of data that it compares."""
    count: int
    """Samples that it asks for."""

    @abstractmethod
    def seen(self, x: Tensor) -> Tensor:
        """Samples x [..., *shape] in the form in which they are measured."""

    @abstractmethod
    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        """The numbers of the samples sample(range(count)), drawn in batches.

        In a run of several processes the first one has the numbers and the others nothing.

        Args:
            sample: indices to samples [len(indices), *shape] as `seen` gives them.
            labels: under which they are drawn, [count]; None: there are none.
        """

    @property
    @abstractmethod
    def metrics(self) -> list[str]:
        """The names of the numbers; first the one that runs are compared by, where smaller is better."""

    @abstractmethod
    def floor(self) -> dict[str, float]:
        """What samples of the data themselves measure, for those of the numbers where that is known."""

    @abstractmethod
    def protocol(self) -> dict[str, Any]:
        """All that the numbers depend on besides the samples; numbers of two protocols do not compare."""
