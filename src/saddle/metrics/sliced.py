"""The sliced Wasserstein distance as part of an evaluation."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from saddle.metrics.comparison import Comparison
from saddle.metrics.reference import Reference
from saddle.metrics.wasserstein import Projected, SlicedWasserstein, distance


class SlicedDistance(Comparison[list[Tensor]]):
    """The `SlicedWasserstein` distance, as `swd`; what it needs of the real images lies in the cache on disk.

    Args:
        reference: the real images.
        batch_size: real images whose patches are cut at a time.
        patches: from each image at each level.
        projections: directions.
    """

    names = ("swd",)

    def __init__(self, *, reference: Reference, batch_size: int, patches: int, projections: int) -> None:
        self._reference = reference
        self._batch_size = batch_size
        self._settings = {"swd_patches": patches, "swd_projections": projections}
        self._sliced = SlicedWasserstein(patches=patches, projections=projections)

    def look(self, images: Tensor, indices: range) -> list[Tensor]:
        return self._sliced.patches(images, indices)

    def compare(self, looks: Sequence[list[Tensor]], labels: Tensor | None = None) -> dict[str, float]:
        return {"swd": distance(self._real, self._sliced.projected(looks))}

    def settings(self) -> dict[str, Any]:
        return {"metrics": list(self.names), **self._settings}

    @cached_property
    def _real(self) -> Projected:
        levels = self._reference.cached("features/swd", self._project, *self._settings.values())
        return [levels[f"level{depth}"] for depth in range(len(levels))]

    def _project(self) -> dict[str, np.ndarray]:
        batches = self._reference.batches(self._batch_size, "patches of real images")
        looks = [self._sliced.patches(images, indices) for indices, images in batches]
        return {f"level{depth}": level for depth, level in enumerate(self._sliced.projected(looks))}
