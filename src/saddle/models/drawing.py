"""What a step of training sees: reals, labels, codes as functions of (seed, step, index), on any number of devices."""

from abc import ABC

from torch import Tensor

from saddle.distributed.world import share
from saddle.models.base import CodedModel
from saddle.noise import drawn_labels, noise


class DrawingModel(CodedModel, ABC):
    """A model that learns from batches: this rank's share of each is a part of the same batch for all ranks.

    Attributes:
        seed: of the codes, the labels and the data order.
    """

    seed: int

    def reals(self, batch: int, size: int) -> Tensor:
        """Batch number `batch`, which may be negative, of `size` reals in the order of epochs: [share, *shape]."""
        return self.data.sample(self.seed, self._positions(batch, size), self.device)

    def labels_of_reals(self, batch: int, size: int) -> Tensor | None:
        """Those of `reals(batch, size)`, int64 [share]; None if nobody is told any."""
        if self.classes is None:
            return None
        return self.data.labels(self.seed, self._positions(batch, size), self.device)

    def codes(self, stream: str, step: int, size: int) -> Tensor:
        """Fresh codes for a step: [share, code_size]."""
        return self.numbers(stream, step, size, (self.code_size,), self.prior_distribution)

    def labels(self, stream: str, step: int, size: int) -> Tensor | None:
        """Fresh labels for a step, each class as often as in the training set, int64 [share]; None without classes."""
        if self.classes is None:
            return None
        counts = list(self.classes.counts.values())
        return drawn_labels(self.seed, stream, step, share(size), counts).to(self.device)

    def numbers(self, stream: str, step: int, size: int, shape: tuple[int, ...], distribution: str) -> Tensor:
        """Fresh random numbers for each sample of a step: [share, *shape]."""
        return noise(self.seed, stream, step, share(size), shape, distribution).to(self.device)

    def _positions(self, batch: int, size: int) -> range:
        own, start = share(size), batch * size
        return range(start + own.start, start + own.stop)
