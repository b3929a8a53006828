"""The sliced Wasserstein distance as a metric of an evaluation."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import PositiveInt
from torch import Tensor

from saddle.metrics.base import ImageMetric
from saddle.metrics.reference import Reference
from saddle.metrics.wasserstein import Projected, SlicedWasserstein, distance

BATCH = 250
"""Real images whose patches are cut at a time."""


class SlicedWassersteinDistance(ImageMetric):
    """`swd`, the `SlicedWasserstein` distance; the projections of the real images are stored in the cache on disk.

    Args:
        real: the real images.
        patches: from each image at each level.
        projections: number of directions.
    """

    def __init__(self, *, real: Reference, patches: PositiveInt, projections: PositiveInt) -> None:
        super().__init__(real=real)
        self._settings = {"swd_patches": patches, "swd_projections": projections, "swd_places": "by content"}
        self._sliced = SlicedWasserstein(patches=patches, projections=projections)

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {"swd": False}

    def settings(self) -> dict[str, Any]:
        return self._settings

    def keep(self, images: Tensor, indices: range) -> list[Tensor]:
        return self._sliced.patches(images)

    def compute(self, kept: Sequence[list[Tensor]]) -> dict[str, float]:
        return {"swd": distance(self._projected, self._sliced.projected(kept))}

    @cached_property
    def _projected(self) -> Projected:
        levels = self.real.cached("features/swd", self._project, *self._settings.values())
        return [levels[f"level{depth}"] for depth in range(len(levels))]

    def _project(self) -> dict[str, np.ndarray]:
        batches = self.real.batches(BATCH, "patches of real images")
        patches = [self._sliced.patches(images) for _, images in batches]
        return {f"level{depth}": level for depth, level in enumerate(self._sliced.projected(patches))}
