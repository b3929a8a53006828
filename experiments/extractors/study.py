"""The study itself: images spoilt with growing strength, measured against images that are not."""

from itertools import pairwise

import numpy as np
import torch
from degrade import Degradation, blur, grain, kept, pixelate, swap_halves
from omegaconf import DictConfig
from torch import Tensor

from saddle.metrics.extractors.base import Extractor
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.metrics.kernel import MeanDiscrepancy
from saddle.metrics.manifold import Manifold
from saddle.metrics.wasserstein import SlicedWasserstein

DEGRADATIONS: dict[str, Degradation] = {"blur": blur, "grain": grain, "pixelate": pixelate, "swap_halves": swap_halves}
BATCH = 250
"""Images that pass through an extractor at a time."""

Row = dict[str, float]
"""The strength, and the value of each metric."""


class Instruments:
    """All distances to one set of real images."""

    def __init__(self, extractor: Extractor, real: Tensor, settings: DictConfig) -> None:
        self.extractor = extractor
        self.settings = settings
        self.real = real
        features = self.features(real)
        self.gaussian = GaussianFit.fitted(features)
        self.kernel = MeanDiscrepancy(real=features)
        self.sliced = SlicedWasserstein(patches=settings.patches, projections=settings.projections)
        neighbours = settings.neighbours
        self.manifold = Manifold(real=features, neighbours=neighbours, density_neighbours=neighbours, most=len(real))

    def features(self, images: Tensor) -> Tensor:
        return torch.cat([self.extractor(batch) for batch in images.split(BATCH)]).double()

    def measure(self, strength: float, images: Tensor) -> Row:
        """Of these images against the real ones; swd against equally many of them."""
        features = self.features(images)
        overlap = self.manifold(features)
        swd = self.sliced.between(self.real[: len(images)], images)
        distances = {
            "fd": frechet_distance(self.gaussian, GaussianFit.fitted(features)),
            "kd": self.kernel(features),
            "swd": swd,
        }
        return {"strength": strength, **distances, "precision": overlap["precision"], "recall": overlap["recall"]}


def study(
    extractor: Extractor, images: Tensor, ranks: np.ndarray, strengths: DictConfig, settings: DictConfig
) -> dict[str, list[Row]]:
    """Every degradation of the second half of the images, measured against the first half.

    Args:
        extractor: on whose features.
        images: real, uint8 [count, channels, height, width].
        ranks: the factor whose modes are lost, [count].
        strengths: five of each degradation, growing.
        settings: of the metrics.

    Returns:
        For each degradation six rows: strength 0, which is the floor, and the five.
    """
    half = len(images) // 2
    instruments, spoilt = Instruments(extractor, images[:half], settings), images[half : 2 * half]
    floor = instruments.measure(0, spoilt)
    rows = {
        name: [floor, *(instruments.measure(strength, degrade(spoilt, strength)) for strength in strengths[name])]
        for name, degrade in DEGRADATIONS.items()
    }
    return {**rows, "lose_modes": _lost_modes(instruments, spoilt, ranks[half : 2 * half], strengths.lose_modes)}


def _lost_modes(instruments: Instruments, images: Tensor, ranks: np.ndarray, shares: list[float]) -> list[Row]:
    """The same number of images at every strength, as many as the strongest leaves: the distances depend on it."""
    left = {share: kept(ranks, share) for share in (0, *shares)}
    count = min(len(rows) for rows in left.values())
    return [instruments.measure(share, images[torch.from_numpy(rows[:count])]) for share, rows in left.items()]


def rises(rows: list[Row], metric: str) -> bool:
    """Whether the metric rises with every step of strength."""
    values = [row[metric] for row in rows]
    return all(after > before for before, after in pairwise(values))
