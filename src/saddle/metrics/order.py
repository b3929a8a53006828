"""A random order of samples that does not depend on the order in which they come."""

import torch
from torch import Tensor

from saddle.noise import generator


def random_order(rows: Tensor) -> Tensor:
    """A random permutation of `rows` [count, size] that is a function of the set of rows: indices, int64 [count].

    Where a metric needs a random part of its images, this is the order that it takes the part from. The same files in
    another order, for instance sorted by class, then give the same part and the same number. The rows are sorted by
    their projection onto a fixed random direction, and the sorted rows are permuted by a fixed random permutation.
    Only equal rows have equal projections, so equal rows are the only ones that can change places.
    """
    direction = torch.from_numpy(generator("order", "direction").standard_normal(rows.shape[1]))
    keys = (rows.double().cpu() * direction).sum(dim=1)  # [count]
    shuffle = torch.from_numpy(generator("order", "shuffle").permutation(len(rows)))
    return keys.argsort(stable=True)[shuffle].to(rows.device)
