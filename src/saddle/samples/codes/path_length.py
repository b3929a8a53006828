"""How smooth the way from one sample to another is, as a number."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

Path = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Codes a, b [count, code_size] and t [count, 1] to the codes [count, code_size] there."""

STEP = 1e-4
"""Epsilon, that of Karras et al.; in float32 the number is the same within 1% from 1e-3 to 1e-5."""


@dataclass(frozen=True)
class PathLength:
    """Over many paths.

    Attributes:
        length: E |df/dt|^2, with its standard error.
        error: that of `length`.
        straight: E |f(1) - f(0)|^2 between the ends.
        detour: length / straight.
        paths: how many.
    """

    length: float
    error: float
    straight: float
    detour: float
    paths: int


def squared_speeds(
    look: Callable[[Tensor], Tensor], path: Path, a: Tensor, b: Tensor, t: Tensor, step: float = STEP
) -> Tensor:
    """|f(G(z(t + e))) - f(G(z(t)))|^2 / e^2 for each path, float64 [count]: the square of its speed at t.

    The perceptual path length of Karras et al. (2019, StyleGAN, section 4.1), whose mean over paths and over t uniform
    on [0, 1] is `path_length`. What differs: f are the features of the data's own extractor (each of variance 1 over
    the real images) where they take VGG's with LPIPS weights, and all paths count where their code leaves out the
    longest and the shortest 1%. As there, images are not rounded to 256 levels.

    Args:
        look: codes [count, code_size] to features f(G(z)) [count, num_features].
        path: how a and b are joined.
        a, b: ends [count, code_size].
        t: [count, 1], in [0, 1 - step].
        step: e, a fraction of the path.
    """
    moved = look(path(a, b, t + step)).double() - look(path(a, b, t)).double()
    return moved.square().sum(1) / step**2


def path_length(speeds: Tensor, straight: Tensor) -> PathLength:
    """The mean squared speed of many paths, and how much longer they are than they had to be.

    For every path the integral of |df/dt|^2 over t is at least |f(1) - f(0)|^2, with equality only where f moves on a
    straight line at constant speed: `detour` is at least 1, up to the sampling of t. It has no unit, and compares
    models; `length` is in squared features per path, and grows with the variety of the samples as well.
    Known values for a linear f o G: linear paths have 1, spherical ones between orthogonal codes of one norm
    pi^2 / 8 = 1.23 if all directions count alike.

    Args:
        speeds: of `squared_speeds`, [paths].
        straight: |f(1) - f(0)|^2 of the same paths, [paths].
    """
    length, apart = float(speeds.mean()), float(straight.mean())
    error = float(speeds.std()) / sqrt(len(speeds)) if len(speeds) > 1 else float("nan")
    return PathLength(length, error, apart, length / apart if apart else float("nan"), len(speeds))


def squared_distances(look: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """|f(G(b)) - f(G(a))|^2 of each pair, float64 [count]."""
    return (look(b).double() - look(a).double()).square().sum(1)


def moments_in_time(draws: Tensor, step: float = STEP) -> Tensor:
    """Uniform numbers on [-1, 1] as t in [0, 1 - step]."""
    return (torch.clamp(draws, -1, 1) + 1) / 2 * (1 - step)
