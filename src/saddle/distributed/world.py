"""The processes of one run: who this is, which part of a batch is its own, and how to wait for one another.

Without a process group all of this is the plain answer of one process, so that code which asks needs no second path.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

PATIENCE = timedelta(days=7)
"""For what one rank does alone: reading a person's images, Inception features. A rank that dies is noticed at once."""

_patient: dist.ProcessGroup | None = None


def size() -> int:
    """How many processes train this model together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """This process's number among them; only rank 0 writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def share(count: int) -> range:
    """This rank's indices among `count` samples of all ranks together: rank r has r count/W ... (r + 1) count/W.

    Raises:
        ValueError: the samples cannot be shared out evenly.
    """
    own, rest = divmod(count, size())
    if rest:
        raise ValueError(f"a batch of {count} cannot be shared out evenly among {size()} processes")
    return range(rank() * own, (rank() + 1) * own)


def dealt(pieces: Sequence[Any]) -> Sequence[Any]:
    """This rank's pieces when they are dealt out like cards, whatever their number."""
    return pieces[rank() :: size()]


def collected(pieces: Sequence[Any]) -> list[Any] | None:
    """What all ranks made of the pieces dealt to them, in the order before they were dealt; None beside rank 0.

    Tensors must be on the CPU. Ranks wait for one another as long as it takes.
    """
    if size() == 1:
        return list(pieces)
    hands: list[Any] | None = [None] * size() if rank() == 0 else None
    dist.gather_object(list(pieces), hands, dst=0, group=_patient)
    if hands is None:
        return None
    return [hands[i % size()][i // size()] for i in range(sum(map(len, hands)))]


def wait() -> None:
    """Until every rank is here, as long as it takes."""
    if size() > 1:
        dist.barrier(group=_patient)


def any_rank(flag: bool) -> bool:
    """Whether the flag is true in any rank: how all come to stop after the same update. Costs about 0.2 ms."""
    if size() == 1:
        return flag
    flags = torch.tensor([float(flag)])
    dist.all_reduce(flags, op=dist.ReduceOp.MAX, group=_patient)
    return bool(flags)


def join() -> None:
    """Open the patient connection; once, by all ranks, when the process group is there."""
    global _patient
    group = dist.new_group(backend="gloo", timeout=PATIENCE)
    assert isinstance(group, dist.ProcessGroup)
    _patient = group
