"""Nearest neighbours between two sets of features: is a sample a copy?"""

import torch
from torch import Tensor

ROWS = 1024
"""Rows of the distance matrix that are in memory at a time."""


def nearest(features: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """For each row of features [n, d] the Euclidean distance to the nearest row of others [m, d], and that row's index.

    Returns:
        float64 [n] and int64 [n].
    """
    nearest_rows = [torch.cdist(rows, others.double()).min(dim=1) for rows in features.double().split(ROWS)]
    return torch.cat([part.values for part in nearest_rows]), torch.cat([part.indices for part in nearest_rows])
