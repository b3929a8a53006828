"""Precision and recall: how much of the generated looks real, and how much of the real is generated."""

import torch
from torch import Tensor

ROWS = 1024
"""Rows of a distance matrix that exist at a time."""


class PrecisionRecall:
    """Improved precision and recall of Kynkaanniemi et al. 2019.

    The manifold of a set is the union of balls around its points, each as wide as the distance to the point's k-th
    nearest neighbour in the set.

        precision = share of generated points inside the manifold of the real ones
        recall    = share of real points inside the manifold of the generated ones

    Both depend on k and on the number of images. Both need not be 1 when the two sets come from one distribution.

    Args:
        real: features [count, num_features].
        neighbours: k; 3 in the paper.

    Raises:
        ValueError: a set has no k-th neighbour, since it has only k points or fewer.
    """

    def __init__(self, *, real: Tensor, neighbours: int) -> None:
        self._neighbours = neighbours
        self._real = real
        self._radii = _radii(real, neighbours)  # [real]

    def __call__(self, fake: Tensor) -> tuple[float, float]:
        """Precision and recall of the features fake [count, num_features]."""
        real, real_radii = self._real.to(fake.device), self._radii.to(fake.device)
        fake_radii = _radii(fake, self._neighbours)  # [fake]
        recalled = 0
        precise = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
        for rows, radii in zip(real.split(ROWS), real_radii.split(ROWS), strict=True):
            distances = _squared_distances(rows, fake)  # [rows, fake]
            precise |= (distances <= radii[:, None]).any(dim=0)
            recalled += int((distances <= fake_radii[None, :]).any(dim=1).sum())
        return float(precise.double().mean()), recalled / len(real)


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """|x_i - y_j|^2 between the rows of x [n, d] and y [m, d]: [n, m]."""
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)[None, :]  # [n, m]
    return norms.addmm_(x, y.T, alpha=-2)


def _radii(x: Tensor, neighbours: int) -> Tensor:
    """Squared distance of every row of x [n, d] to its k-th nearest other row: [n]."""
    if len(x) <= neighbours:
        raise ValueError(
            f"precision and recall with neighbours={neighbours} need more than {neighbours} images, not {len(x)}"
        )
    radii = []
    for start, rows in zip(range(0, len(x), ROWS), x.split(ROWS), strict=True):
        distances = _squared_distances(rows, x)
        distances[torch.arange(len(rows)), start + torch.arange(len(rows))] = torch.inf  # no point neighbours itself
        radii.append(distances.topk(neighbours, dim=1, largest=False).values[:, -1])
    return torch.cat(radii)
