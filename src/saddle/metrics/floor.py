"""The floor of a Frechet distance: what as many other images of the data measure."""

from collections.abc import Iterator
from math import exp, log, log2

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddle.metrics.frechet import GaussianFit, frechet_distance_of
from saddle.metrics.order import random_order
from saddle.metrics.reference import batches, progress
from saddle.noise import generator

SPLITS = 10
"""Random splits of the real images, over which their distances are averaged."""
FEWEST = 8
"""Real images from which on a quarter of them has a covariance."""
METHOD = f"{SPLITS} splits into halves and quarters, extrapolated"
"""How the floor was measured, for the protocol."""


def split_distances(features: Tensor) -> dict[str, NDArray[np.float64]]:
    """Frechet distances between two halves, and between two quarters, of the real images: `halves` and `quarters`.

    The splits are random and do not depend on the order of the images.

    Args:
        features: of the real images, [count, num_features], at least `FEWEST`.

    Returns:
        Arrays [SPLITS].
    """
    order = random_order(features)
    distances = [[_between(features[split], parts) for parts in (2, 4)] for split in _splits(order)]
    halves, quarters = np.array(distances).T
    return {"halves": halves, "quarters": quarters}


def frechet_floor(
    halves: NDArray[np.float64], quarters: NDArray[np.float64], sizes: tuple[int, int]
) -> tuple[float, float]:
    r"""What perfect samples measure against the reference, and its uncertainty.

    Two samples of n and m images from one distribution have a distance above 0, since their means and covariances have
    errors. With many more images than features, the distance is quadratic in these errors, whose variances go as 1 / n
    and 1 / m, so its expectation is c (1 / n + 1 / m): it depends on the harmonic mean h of n and m alone, as 2 c / h.
    With fewer images it falls more slowly, as h^-a with an exponent that grows towards 1. The distance at h is
    therefore between the continuation of the 1 / h law from two halves of the reference, and that of the power law
    through two quarters and two halves:

    $$F_{N/2}\, \left(\frac{N}{2h}\right) \le F_h \le F_{N/2} \left(\frac{F_{N/2}}{F_{N/4}}\right)^{\log_2 (2h / N)}$$

    The floor is the geometric mean of the two. From about eight images for each feature on, the laws agree and it is
    right to 5%; with fewer images it is right to within its uncertainty (tests/metrics/test_floor.py). Limits: of one
    or two features, or one that dominates, ten splits say little, and the floor may be three times too low; with fewer
    than two generated images for each feature and more real ones it is up to a quarter too low; of a reference with
    copies it is that of the halves, which share images, and too low by about the number of copies.

    Args:
        halves: distances of the halves of the reference, [splits].
        quarters: those of its quarters, [splits].
        sizes: numbers of generated and of real images in an evaluation; the second is that of the reference.

    Returns:
        The floor, and the root of the sum of the squares of two parts: the standard deviation over splits, which is
        that of a single evaluation, and half of the difference of the two laws.
    """
    half, quarter = float(halves.mean()), float(quarters.mean())
    if not half or not quarter:  # all images are equal
        return half, 0.0
    generated, real = sizes
    doublings = log2(4 / (1 / generated + 1 / real) / real)  # from the size of a half to the harmonic mean
    slowest = doublings * log(half / quarter)
    fastest = -doublings * log(2)
    floor = half * exp((slowest + fastest) / 2)
    return floor, floor * float(np.hypot(halves.std(ddof=1) / half, (slowest - fastest) / 2))


def _splits(order: Tensor) -> Iterator[Tensor]:
    count = len(order)
    for piece in progress(batches(SPLITS * count, count), "floor of the Frechet distance"):
        yield order[torch.from_numpy(generator("evaluation", "split", piece.start // count).permutation(count))]


def _between(features: Tensor, parts: int) -> float:
    """The distance of the first part to the second, of `parts` parts of equal size."""
    size = len(features) // parts
    return frechet_distance_of(GaussianFit.fitted(features[:size]), features[size : 2 * size])
