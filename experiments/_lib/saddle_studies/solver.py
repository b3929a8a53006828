"""G as the one that learns to solve the argmax (lecture I.4): what it finds at once against a search from there."""

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
    """D at what G draws, at the best point that an ascent from there passes, and what each costs."""

    generated: Tensor
    """D(G(z)), float64 [count]."""
    searched: Tensor
    """The highest D on the way up from G(z), float64 [count]; never below `generated`."""
    points: Tensor
    """Where that was, [count, *shape]."""
    moved: Tensor
    """The distance of it from G(z), root of the mean over all numbers of x of the square, float64 [count]."""
    steps: int
    """Gradients of D that the ascent takes for each point; G takes one evaluation of its own and none of D."""
    seconds_generator: float
    """Of G for all points, the median of `repeats`."""
    seconds_search: float
    """Of the ascent for all points, likewise."""

    @property
    def ratio(self) -> float:
        """How many times as long the search takes."""
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
    """How near G comes to the argmax of D, and at which price.

    The ascent starts where G ends, so it can only be better; where it gains little, G has solved the argmax as well as
    a slope can.

    Args:
        generate: codes [count, code_size] to x [count, *shape].
        critic: x to logits [count].
        codes: where G starts, [count, code_size].
        ascent: from where G ends.
        steps: of it.
        repeats: how often both are timed.
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
    """The highest D, float64 [count], on the way up from `start` [count, *shape], and where it was."""
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
