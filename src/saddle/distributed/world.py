"""The processes of one run: ranks, their shares of a batch, and synchronisation.

Without a process group all functions return the values of a single process, so callers need no second path.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

TIMEOUT = timedelta(days=7)
"""Time limit of work that one rank does alone, such as Inception features. A dead rank is noticed at once."""

_slow_group: dist.ProcessGroup | None = None


def size() -> int:
    """Number of processes that train this model together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Number of this process among them; only rank 0 writes files."""
    return dist.get_rank() if dist.is_initialized() else 0


def share(count: int) -> range:
    """This rank's indices among `count` samples of all ranks: rank r has r count/W ... (r + 1) count/W.

    Raises:
        ValueError: the samples cannot be divided evenly.
    """
    each, rest = divmod(count, size())
    if rest:
        raise ValueError(f"a batch of {count} cannot be divided evenly among {size()} processes")
    return range(rank() * each, (rank() + 1) * each)


def dealt(pieces: Sequence[Any]) -> Sequence[Any]:
    """Every W-th of any number of pieces, from this rank's number on."""
    return pieces[rank() :: size()]


def collected(pieces: Sequence[Any]) -> list[Any] | None:
    """The results of all ranks for their `dealt` pieces, in the original order; None in other ranks than 0.

    Tensors must be on the CPU. Ranks wait for one another up to `TIMEOUT`.
    """
    if size() == 1:
        return list(pieces)
    gathered: list[Any] | None = [None] * size() if rank() == 0 else None
    dist.gather_object(list(pieces), gathered, dst=0, group=_slow_group)
    if gathered is None:
        return None
    return [gathered[i % size()][i // size()] for i in range(sum(map(len, gathered)))]


def wait() -> None:
    """Wait until every rank calls this function, up to `TIMEOUT`."""
    if size() > 1:
        dist.barrier(group=_slow_group)


def any_rank(flag: bool) -> bool:
    """Whether the flag is true in any rank, so that all can stop after the same update. Takes about 0.2 ms."""
    if size() == 1:
        return flag
    flags = torch.tensor([float(flag)])
    dist.all_reduce(flags, op=dist.ReduceOp.MAX, group=_slow_group)
    return bool(flags)


def join() -> None:
    """Open the connection with the long timeout: once, by all ranks, after the process group exists."""
    global _slow_group
    group = dist.new_group(backend="gloo", timeout=TIMEOUT)
    assert isinstance(group, dist.ProcessGroup)
    _slow_group = group
