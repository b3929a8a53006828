"""G as a learned solver of the argmax (lecture I.4), compared with a search that starts from its samples."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from saddle.search.ascent import Ascent
from saddle.search.base import Critic


@dataclass(frozen=True)
class Solved:
    """D at the samples of G and at the best point of an ascent from there, and the cost of each."""

    generated: Tensor
    """D(G(z)), float64 [count]."""
    searched: Tensor
    """The highest D along the ascent from G(z), float64 [count]; never below `generated`."""
    points: Tensor
    """The points of these values, [count, *shape]."""
    moved: Tensor
    """Root mean square distance from G(z) over all numbers of x, float64 [count]."""
    steps: int
    """Number of gradients of D in the ascent of each point; G takes one evaluation of its own and none of D."""
    seconds_generator: float
    """Seconds of G for all points, median of `repeats`."""
    seconds_search: float
    """Seconds of the ascent for all points, median of `repeats`."""

    @property
    def ratio(self) -> float:
        """The time of the search over that of G."""
        return self.seconds_search / self.seconds_generator


def solved(
    generate: Callable[[Tensor], Tensor],
    critic: Critic,
    codes: Tensor,
    *,
    ascent: Ascent,
    steps: int,
    repeats: int,
) -> Solved:
    """How close G comes to the argmax of D, and at what cost.

    The ascent starts at the samples of G, so it can only improve on them; if it gains little, G has solved the argmax
    as well as gradients can.

    Args:
        generate: codes [count, code_size] to x [count, *shape].
        critic: x to logits [count].
        codes: codes of G, [count, code_size].
        ascent: the search that starts at the samples of G.
        steps: number of steps of the ascent.
        repeats: number of timings of both.
    """
    with torch.no_grad():
        start = generate(codes)
        before = critic(start).double()
    best, points = climb(critic, start, ascent, steps)
    with torch.no_grad():
        generating = [_seconds(lambda: generate(codes)) for _ in range(repeats)]
    climbing = [_seconds(lambda: climb(critic, start, ascent, steps)) for _ in range(repeats)]
    return Solved(
        generated=before,
        searched=best,
        points=points,
        moved=(points - start).double().flatten(1).square().mean(1).sqrt(),
        steps=steps,
        seconds_generator=median(generating),
        seconds_search=median(climbing),
    )


def climb(critic: Critic, start: Tensor, ascent: Ascent, steps: int) -> tuple[Tensor, Tensor]:
    """The highest D along an ascent from `start` [count, *shape], float64 [count], and its point."""
    x, best, point = start, torch.full((len(start),), -torch.inf, dtype=torch.float64, device=start.device), start
    for step in range(steps + 1):
        with torch.no_grad():
            heights = critic(x).double()
        higher = (heights > best).view(-1, *(1 for _ in start.shape[1:]))
        best, point = best.maximum(heights), torch.where(higher, x, point)
        if step < steps:
            x = ascent(critic, x, 1, _no_noise)
    return best, point


def _no_noise(stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
    raise AssertionError("an ascent draws nothing")


def _seconds(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter() - begin
