"""Negatives that D itself scores high: the lecture's loop (I.3), with a memory."""

from typing import Annotated

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor

from saddle.distributed import world
from saddle.distributed.collectives import joined
from saddle.noise import generator, noise
from saddle.search.base import Draw
from saddle.search.negatives import Find, Negatives


class ReplayBuffer(Negatives):
    """What the search finds for the D of this moment, in `steps` steps.

    With a `buffer` the search goes on from where an earlier one ended: a batch starts from rows of the buffer, chosen
    at random, of which a share of `fresh` begins again at noise, and what it finds is put back (Tieleman 2008; Du and
    Mordatch 2019, who have 5% fresh). Without, every search starts from noise (Nijkamp et al. 2019): then a walk of
    as many steps from noise is what D was trained against, and what `sample` had better take.

    The buffer is a part of the state of a run and the same on all ranks.

    Args:
        shape: of x.
        steps: of the search.
        buffer: points in it; 0: none.
        fresh: share of starts that are noise, uniform on [-1, 1].
        batch_size: negatives of a step, over all devices together.
        seed: of the first points and of the choice.

    Raises:
        ValueError: a batch is larger than the buffer.
    """

    points: Tensor

    def __init__(
        self,
        *,
        shape: list[PositiveInt],
        steps: PositiveInt,
        buffer: NonNegativeInt,
        fresh: Annotated[float, Field(ge=0, le=1)],
        batch_size: PositiveInt,
        seed: NonNegativeInt,
    ) -> None:
        super().__init__()
        if 0 < buffer < batch_size:
            raise ValueError(
                f"model.negatives.buffer={buffer} is less than a batch of {batch_size}: set it to {batch_size} or "
                "more, or to 0, and every search starts from noise"
            )
        self.shape, self.steps, self.fresh = tuple(shape), steps, fresh
        self.batch_size, self.seed = batch_size, seed
        self.register_buffer("points", noise(seed, "buffer", 0, range(buffer), self.shape, "uniform"))

    def forward(self, step: int, find: Find, draw: Draw) -> Tensor:
        start = draw("starts", self.shape, "uniform")
        if not len(self.points):
            return find(start, self.steps)
        rows = self.rows(step)
        again = draw("fresh", (), "uniform") < 2 * self.fresh - 1  # [n]
        earlier = self.points[rows[list(world.share(self.batch_size))]]
        start = torch.where(again.view(-1, *(1 for _ in self.shape)), start, earlier)
        found = find(start, self.steps)
        self.points[rows] = joined(found).to(self.points)
        return found

    def rows(self, step: int) -> Tensor:
        """Which rows of the buffer a step starts from and is put back to, int64 [batch_size], all different."""
        chosen = generator(self.seed, "rows", step).choice(len(self.points), self.batch_size, replace=False)
        return torch.from_numpy(chosen).to(self.points.device)
