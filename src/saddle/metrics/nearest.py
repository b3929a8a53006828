"""Nearest neighbours between two sets of features: is a sample a copy?"""

import torch
from torch import Tensor

ROWS = 1024
"""Rows of a distance matrix that exist at a time."""


def nearest(features: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """For each row of features [n, d] the Euclidean distance to the nearest row of others [m, d], and its number.

    Returns:
        float64 [n] and int64 [n].
    """
    found = [torch.cdist(rows, others.double()).min(dim=1) for rows in features.double().split(ROWS)]
    return torch.cat([one.values for one in found]), torch.cat([one.indices for one in found])
