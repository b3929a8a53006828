"""G as the one that learns to solve the argmax (lecture I.4): what it finds at once against a search from there."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from saddle.search.base import Critic
from saddle.search.walk import slopes


@dataclass(frozen=True)
class Solved:
    """D at what G draws, at the best point that an ascent from there passes, and what each costs."""

    generated: Tensor
    """D(G(z)), float64 [count]."""
    searched: Tensor
    """The highest D on the way up from G(z), float64 [count]; never below `generated`."""
    moved: Tensor
    """The distance from G(z) to that point, root of the mean over all numbers of x of the square, float64 [count]."""
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
    steps: int,
    rate: float,
    bounded: bool,
    repeats: int,
) -> Solved:
    """How near G comes to the argmax of D, and at which price.

    The ascent is x <- x + rate grad D(x) / |grad D(x)|, with the root of the mean square as the norm: a D that is
    scaled has the same argmax and the same ascent. It starts where G ends, so it can only be better; where it gains
    little, G has solved the argmax as well as a slope can.

    Args:
        generate: codes [count, code_size] to x [count, *shape].
        critic: x to logits [count].
        codes: where G starts, [count, code_size].
        steps: of the ascent.
        rate: what each number of x moves in a step, as the root of the mean square.
        bounded: whether x is kept in [-1, 1].
        repeats: how often both are timed.
    """
    with torch.no_grad():
        start = generate(codes)
        before = critic(start).double()
    best, point = climb(critic, start, steps=steps, rate=rate, bounded=bounded)
    with torch.no_grad():
        generating = [_seconds(lambda: generate(codes)) for _ in range(repeats)]
    climbing = [_seconds(lambda: climb(critic, start, steps=steps, rate=rate, bounded=bounded)) for _ in range(repeats)]
    return Solved(
        generated=before,
        searched=best,
        moved=(point - start).double().flatten(1).square().mean(1).sqrt(),
        steps=steps,
        seconds_generator=median(generating),
        seconds_search=median(climbing),
    )


def climb(critic: Critic, start: Tensor, *, steps: int, rate: float, bounded: bool) -> tuple[Tensor, Tensor]:
    """The highest D, float64 [count], on the way up from `start` [count, *shape], and where it was."""
    x, best, point = start, torch.full((len(start),), -torch.inf, dtype=torch.float64, device=start.device), start
    for step in range(steps + 1):
        with torch.no_grad():
            heights = critic(x).double()
        higher = (heights > best).view(-1, *(1 for _ in start.shape[1:]))
        best, point = best.maximum(heights), torch.where(higher, x, point)
        if step < steps:
            slope = slopes(critic, x)
            length = slope.flatten(1).square().mean(1).sqrt().view(higher.shape)
            x = x + rate * slope / length.clamp(min=torch.finfo(slope.dtype).tiny)
            x = x.clamp(-1, 1) if bounded else x
    return best, point


def _seconds(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter() - begin
