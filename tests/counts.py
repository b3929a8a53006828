"""Distributions as counts, so that means over samples are exact expectations."""

import torch
from torch import Tensor


def counts(pairs: int, points: int, total: int, least: int, seed: int) -> Tensor:
    """Random compositions of `total` into `points` parts of `least` at least: int64 [pairs, points]."""
    draw = torch.Generator().manual_seed(seed)
    weights = torch.rand(pairs, points, generator=draw).square() + 1e-3
    parts = (weights / weights.sum(1, keepdim=True) * (total - least * points)).floor().long() + least
    parts[:, 0] += total - parts.sum(1)
    return parts
