"""Points of which the metrics are known."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from saddle.noise import generator


def normal(name: str, count: int, size: int) -> Tensor:
    return torch.from_numpy(generator("test metrics", name).standard_normal((count, size)))


def exact(name: str, count: int, deviations: Sequence[float]) -> Tensor:
    """Points whose mean is exactly 0 and whose covariance is exactly diagonal."""
    points = normal(name, count, len(deviations)).numpy()
    orthogonal, _ = np.linalg.qr(points - points.mean(axis=0))
    return torch.from_numpy(orthogonal * np.sqrt(count - 1) * np.asarray(deviations))
