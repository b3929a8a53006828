"""Negatives that D itself scores high: the lecture's loop (I.3), with a replay buffer."""

from typing import Annotated

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor

from saddle.distributed import world
from saddle.distributed.collectives import joined
from saddle.noise import generator, noise
from saddle.search.base import Draw, Find, Negatives


class ReplayBuffer(Negatives):
    """Results of the search for the current D, after `steps` steps.

    With a `buffer` the search continues previous searches: a batch starts from random rows of the buffer, a fraction
    `fresh` of them replaced by noise, and its results are stored in the same rows (Tieleman 2008; Du and Mordatch 2019,
    with 5% fresh). Without a buffer every search starts from noise (Nijkamp et al. 2019). D is then trained against
    searches of `steps` steps from noise, and `sample` should use the same number of steps.

    The buffer is a part of a run's state and the same on all ranks.

    Args:
        shape: shape of x.
        steps: number of steps of the search.
        buffer: number of points in the buffer; 0: no buffer.
        fresh: fraction of starts that are noise, uniform on [-1, 1].
        batch_size: negatives in one step, over all devices together.
        seed: seed of the initial points and of the choice of rows.

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
                "more, or to 0, which starts every search from noise"
            )
        self.shape, self.steps, self.fresh = tuple(shape), steps, fresh
        self.batch_size, self.seed = batch_size, seed
        self.register_buffer("points", noise(seed, "buffer", 0, range(buffer), self.shape, "uniform"))

    def forward(self, step: int, find: Find, draw: Draw) -> Tensor:
        start = draw("starts", self.shape, "uniform")
        if not len(self.points):
            return find(start, self.steps)
        rows = self.rows(step)
        fresh = draw("fresh", (), "uniform") < 2 * self.fresh - 1  # [n]
        stored = self.points[rows[list(world.share(self.batch_size))]]
        start = torch.where(fresh.view(-1, *(1 for _ in self.shape)), start, stored)
        negatives = find(start, self.steps)
        self.points[rows] = joined(negatives).to(self.points)
        return negatives

    def rows(self, step: int) -> Tensor:
        """The rows of the buffer that a step uses, int64 [batch_size], all different."""
        chosen = generator(self.seed, "rows", step).choice(len(self.points), self.batch_size, replace=False)
        return torch.from_numpy(chosen).to(self.points.device)
