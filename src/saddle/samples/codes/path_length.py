"""Path length: how smoothly samples change along paths between codes."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

Path = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Codes a, b [count, code_size] and t [count, 1] to the codes [count, code_size] at t."""

STEP = 1e-4
"""Epsilon of Karras et al.; in float32 the path length is the same within 1% for steps from 1e-3 to 1e-5."""


@dataclass(frozen=True)
class PathLength:
    """Means over many paths.

    Attributes:
        length: E |df/dt|^2.
        error: standard error of `length`.
        straight: E |f(1) - f(0)|^2 between the ends.
        detour: length / straight.
        paths: number of paths.
    """

    length: float
    error: float
    straight: float
    detour: float
    paths: int


def squared_speeds(
    features: Callable[[Tensor], Tensor], path: Path, a: Tensor, b: Tensor, t: Tensor, step: float = STEP
) -> Tensor:
    """|f(G(z(t + e))) - f(G(z(t)))|^2 / e^2 for each path, float64 [count]: the square of its speed at t.

    The perceptual path length of Karras et al. (2019, StyleGAN, section 4.1), whose mean over paths and over t uniform
    on [0, 1] is `path_length`. Two things differ: f are the features of the data's own extractor (each of variance 1
    over the real images) instead of VGG's with LPIPS weights, and all paths count, while their code leaves out the
    longest and the shortest 1%. In both, images are not rounded to 256 levels.

    Args:
        features: map from codes [count, code_size] to features f(G(z)) [count, num_features].
        path: kind of path between a and b.
        a, b: codes of the ends, [count, code_size].
        t: position on each path, [count, 1], in [0, 1 - step].
        step: e, a fraction of the path.
    """
    moved = features(path(a, b, t + step)).double() - features(path(a, b, t)).double()
    return moved.square().sum(1) / step**2


def path_length(speeds: Tensor, straight: Tensor) -> PathLength:
    """The mean squared speed of many paths, and how much longer they are than straight lines.

    For every path the integral of |df/dt|^2 over t is at least |f(1) - f(0)|^2, with equality only where f moves on a
    straight line at constant speed: `detour` is at least 1, up to the sampling of t. It has no unit and compares
    models; `length` is in squared features per path and also grows with the variety of the samples. For a linear
    f o G, the detour is 1 for linear paths, and pi^2 / 8 = 1.23 for spherical paths between orthogonal codes of equal
    norm if all directions count alike.

    Args:
        speeds: result of `squared_speeds`, [paths].
        straight: |f(1) - f(0)|^2 of the same paths, [paths].
    """
    length, distance = float(speeds.mean()), float(straight.mean())
    error = float(speeds.std()) / sqrt(len(speeds)) if len(speeds) > 1 else float("nan")
    return PathLength(length, error, distance, length / distance if distance else float("nan"), len(speeds))


def squared_distances(features: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """|f(G(b)) - f(G(a))|^2 of each pair, float64 [count]."""
    return (features(b).double() - features(a).double()).square().sum(1)


def moments_in_time(draws: Tensor, step: float = STEP) -> Tensor:
    """Positions t in [0, 1 - step] from uniform numbers on [-1, 1]."""
    return (torch.clamp(draws, -1, 1) + 1) / 2 * (1 - step)
