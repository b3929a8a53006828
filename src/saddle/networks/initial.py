"""Initial weights as a function of the seed."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from saddle.noise import generator

Network = TypeVar("Network", bound=nn.Module)


def initialised(make: Callable[[], Network], seed: int, part: str) -> Network:
    """`make()` with initial weights that are a function of (seed, part); torch's own generators do not change.

    Every part has its own stream: the generator's initial weights do not depend on the discriminator.
    """
    with torch.random.fork_rng():
        torch.manual_seed(int(generator(seed, "weights", part).integers(2**32)))
        return make()
