"""How two sets of features overlap: precision, recall, density and coverage."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor

from saddle.metrics.base import FeatureMetric
from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.order import random_order

ROWS = 1024
"""Rows of a distance matrix that are in memory at a time."""


class PRDC(FeatureMetric):
    """precision_, recall_, density_ and coverage_<extractor>: how generated and real features overlap (`Manifold`).

    They are one metric, since the distances between all pairs of images are computed once for all four.

    Args:
        real: the real images' features.
        neighbours: k of precision and recall; 3 in the paper.
        density_neighbours: k of density and coverage; 5 in the paper.
        neighbour_images: with more images on a side, a fixed random part of this size is used.
    """

    copies_matter = True

    def __init__(
        self,
        *,
        real: RealFeatures,
        neighbours: PositiveInt,
        density_neighbours: PositiveInt,
        neighbour_images: PositiveInt,
    ) -> None:
        super().__init__(real=real)
        self.neighbours, self.density_neighbours = neighbours, density_neighbours
        self.neighbour_images = neighbour_images
        self.fewest = max(neighbours, density_neighbours) + 1

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {f"{name}_{self.real.extractor.name}": True for name in ("precision", "recall", "density", "coverage")}

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"density_balls": "open"}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        return {f"{name}_{self.real.extractor.name}": value for name, value in self._manifold(features).items()}

    @cached_property
    def _manifold(self) -> "Manifold":
        return Manifold(
            real=self.real.values,
            neighbours=self.neighbours,
            density_neighbours=self.density_neighbours,
            most=self.neighbour_images,
        )


class Manifold:
    """The real images as a union of balls, and how generated images overlap with it.

    The ball around a point of a set has the distance to the point's k-th nearest neighbour in the set as its radius.

        precision = share of generated points inside a real ball
        recall    = share of real points inside a generated ball
        density   = mean number of real balls around a generated point, divided by k
        coverage  = share of real balls with a generated point inside

    Precision and recall: Kynkaanniemi et al. 2019, "Improved precision and recall metric for assessing generative
    models". Density and coverage: Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models".
    An isolated real point has a wide ball; a generated point inside it counts fully for precision, but only as one ball
    of many for density. Density may exceed 1, and its mean is 1 for two sets from one distribution; the others are at
    most 1. All four depend on k and on the number of images.

    A point on the edge of a ball counts as in the code of each paper: inside for precision and recall (closed balls),
    outside for density and coverage (open balls). The two differ only where distances are equal, as with copies. A real
    set against itself has density 1. A real image with k copies or more has a ball of radius 0, which holds its copies
    if it is closed and nothing if it is open. A set in which images have copies has smaller balls, since the copies are
    the nearest neighbours, so all four numbers are lower than without the copies.

    Distances are computed in float64 as |x|^2 + |y|^2 - 2 x.y, and a point counts as on the edge up to the rounding of
    that sum. With 2,048 features, points count as equal if their distance is below about 1e-6 of their distance from
    the mean of the real images, which is the uncertainty of a network's features in float32. Time grows with the
    product of the two counts, memory with their sum.

    Args:
        real: features [count, num_features].
        neighbours: k of precision and recall; 3 in the paper.
        density_neighbours: k of density and coverage; 5 in the paper.
        most: images used on each side; of more, a random part, whatever their order (`random_order`).

    Raises:
        ValueError: a set has no k-th neighbour, since it has only k points or fewer, or another number of features.
    """

    def __init__(self, *, real: Tensor, neighbours: int, density_neighbours: int, most: int) -> None:
        self._neighbours = neighbours
        self._density_neighbours = density_neighbours
        self._most = most
        part = self._part(real)  # [real, num_features]
        self._centre = part.mean(dim=0)  # [num_features]; distances do not depend on it, their rounding does
        self._real = part - self._centre
        self._radii, self._density_radii = _radii(self._real, neighbours, density_neighbours)  # [real] each

    def __call__(self, fake: Tensor) -> dict[str, float]:
        """precision, recall, density and coverage of the features fake [count, num_features]."""
        if fake.shape[1:] != self._real.shape[1:]:
            raise ValueError(f"the real images have {self._real.shape[1]} features, these {list(fake.shape[1:])}")
        fake = self._part(fake) - self._centre.to(fake.device)  # [fake, num_features]
        (fake_radii,) = _radii(fake, self._neighbours)  # [fake]
        precise = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
        recalled = inside = covered = 0
        for start, rows in _blocks(self._real.to(fake.device)):
            balls = slice(start, start + len(rows))
            distances, rounding = _squared_distances(rows, fake)  # [rows, fake]
            dense = distances + rounding < self._density_radii[balls, None].to(fake.device)  # [rows, fake], open balls
            distances -= rounding  # closed balls
            precise |= (distances <= self._radii[balls, None].to(fake.device)).any(dim=0)
            recalled += int((distances <= fake_radii).any(dim=1).sum())
            inside += int(dense.sum())
            covered += int(dense.any(dim=1).sum())
        return {
            "precision": int(precise.sum()) / len(fake),
            "recall": recalled / len(self._real),
            "density": inside / (self._density_neighbours * len(fake)),
            "coverage": covered / len(self._real),
        }

    def _part(self, features: Tensor) -> Tensor:
        if len(features) > self._most:
            features = features[random_order(features)[: self._most]]
        return features.double()


def _radii(x: Tensor, *neighbours: int) -> list[Tensor]:
    """For each k in `neighbours` the squared distance of every row of x [n, d] to its k-th nearest other row: [n]."""
    furthest = max(neighbours)
    if len(x) <= furthest:
        raise ValueError(
            f"precision, recall, density and coverage with {furthest} neighbours need more than {furthest} images, "
            f"not {len(x)}"
        )
    nearest = []
    for start, rows in _blocks(x):
        distances, _ = _squared_distances(rows, x)  # [rows, n]
        distances.diagonal(start).fill_(torch.inf)  # no point neighbours itself
        nearest.append(distances.topk(furthest, dim=1, largest=False).values)  # [rows, furthest], ascending
    return [torch.cat(nearest)[:, k - 1] for k in neighbours]


def _squared_distances(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """|x_i - y_j|^2 between the rows of x [n, d] and y [m, d], and its rounding: [n, m] each.

    Each is off by up to d * epsilon * (|x_i|^2 + |y_j|^2); the rounding is twice that, as much as a distance and a
    radius can differ by where they should be equal.
    """
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)  # [n, m]
    return torch.addmm(norms, x, y.T, alpha=-2), norms.mul_(2 * x.shape[1] * torch.finfo(x.dtype).eps)


def _blocks(x: Tensor) -> Iterator[tuple[int, Tensor]]:
    return zip(range(0, len(x), ROWS), x.split(ROWS), strict=True)
