"""All randomness of a run: pure functions of (seed, stream, counter, index), never of a generator's state.

A run that was interrupted, or that is spread over several devices, therefore sees the same noise and the same data
order as one that was not. Philox (Salmon et al. 2011) is a counter-based generator: a 128-bit key opens a stream of its
own, so two keys never share a sequence, and numpy's scalar sampling gives the same bits on every processor.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

BLOCK = 64
"""Samples drawn together. `randn(8)` is not the beginning of `randn(64)`, so a sample's noise must not depend on how
many are asked for: it is cut out of the block of 64 indices that it lies in."""


def generator(*key: int | str) -> np.random.Generator:
    """A random generator whose stream is a function of `key` alone."""
    digest = blake2b(repr(key).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def noise(
    seed: int,
    stream: str,
    counter: int,
    indices: Sequence[int],
    shape: Sequence[int],
    distribution: str = "normal",
) -> Tensor:
    """Noise for the samples `indices`: row i depends on (seed, stream, counter, indices[i]) and on nothing else.

    Args:
        seed: the run's seed.
        stream: what the noise is for; two streams are independent.
        counter: which draw of that stream, for instance the update.
        indices: which samples of the draw, in any order.
        shape: of one sample.
        distribution: `normal`, N(0, I), or `uniform` on [-1, 1].

    Returns:
        float32 [len(indices), *shape], on the CPU.
    """
    # The key of a stream is spelled out, and numpy spells its numbers in another way than Python.
    seed, counter, shape = int(seed), int(counter), tuple(shape)
    if not len(indices):
        return torch.empty(0, *shape)
    needed = sorted({i // BLOCK for i in indices})
    blocks = [_block(seed, stream, counter, int(block), shape, distribution) for block in needed]
    drawn = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)  # [64 blocks, *shape]
    if isinstance(indices, range) and indices.step == 1:  # a training batch: its blocks stand one after the other
        first = indices.start - needed[0] * BLOCK
        return torch.from_numpy(drawn[first : first + len(indices)])
    start_of = {block: BLOCK * place for place, block in enumerate(needed)}
    return torch.from_numpy(drawn[[start_of[i // BLOCK] + i % BLOCK for i in indices]])  # [count, *shape]


def drawn_labels(seed: int, stream: str, counter: int, indices: Sequence[int], counts: Sequence[float]) -> Tensor:
    """A label for each of the samples `indices`, int64 [len(indices)], on the CPU: y with probability counts[y] / sum.

    Each depends on (seed, stream, counter, index) and on nothing else.
    """
    share = (noise(seed, stream, counter, indices, (), "uniform").double() + 1) / 2  # in [0, 1)
    ends = torch.tensor(counts, dtype=torch.float64).cumsum(0)  # [classes]
    return torch.searchsorted(ends, share * ends[-1], right=True)


def _block(seed: int, stream: str, counter: int, block: int, shape: tuple[int, ...], distribution: str) -> np.ndarray:
    draw = generator(seed, stream, counter, block)
    size = (BLOCK, *shape)
    if distribution == "normal":
        return draw.standard_normal(size, dtype=np.float32)
    return 2 * draw.random(size, dtype=np.float32) - 1


@lru_cache(maxsize=2)
def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order in which epoch `epoch` visits the `count` samples of a set: a permutation, int64 [count]."""
    return generator(seed, "order", epoch).permutation(count)


def visited(seed: int, positions: range, count: int) -> np.ndarray:
    """Which samples stand at `positions` of the endless sequence of epochs; int64 [len(positions)].

    Position p lies in epoch p // count, so every sample is seen once before any is seen again.
    """
    parts, at = [], positions.start
    while at < positions.stop:
        epoch, first = divmod(at, count)
        end = min(positions.stop, (epoch + 1) * count)
        parts.append(order(seed, epoch, count)[first : first + end - at])
        at = end
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
