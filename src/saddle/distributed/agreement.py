"""What rank 0 found in the run's folder, told to ranks that someone else started: train, or end with this exit code.

Ranks that rank 0 starts itself begin when it has decided. Others are there from the beginning: without a word they
would load a state that rank 0 is about to move aside, or wait for a rank 0 that has long answered "already finished".
"""

import os
from datetime import timedelta

from saddle.processes.ranks import processes, rank_of_process, started_by

PATIENCE = timedelta(seconds=120)
"""For all ranks to be there; a shared file system may make some of them late."""


def agreed(answer: int | None) -> int | None:
    """Rank 0's answer, in every rank: the exit code, or None where the run is to be trained.

    Raises:
        TimeoutError: rank 0, or another one, did not come.
    """
    from torch.distributed import DistError, TCPStore  # type: ignore[attr-defined]  # public, not listed

    host, port = _address()
    first, others = rank_of_process() == 0, processes() - 1
    hosts = first and started_by() == "srun"  # torchrun's agent has a store for its ranks
    round_ = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        store = TCPStore(host, port, is_master=hosts, timeout=PATIENCE, wait_for_workers=False)
        if first:
            store.set(f"saddle/answer/{round_}", "train" if answer is None else str(answer))
        told = store.get(f"saddle/answer/{round_}").decode()
        if not first:
            store.set(f"saddle/heard/{round_}/{rank_of_process()}", "")
        elif hosts:  # the store ends with this process
            store.wait([f"saddle/heard/{round_}/{rank}" for rank in range(1, others + 1)], PATIENCE)
    except (DistError, RuntimeError) as error:
        raise TimeoutError(f"the {others + 1} processes of this run did not find one another: {error}") from None
    return None if told == "train" else int(told)


def _address() -> tuple[str, int]:
    """Where the store is: torchrun's own, or on the first machine of SLURM's, beside the port that training uses."""
    if started_by() == "torchrun":
        return os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

    cluster = SLURMEnvironment(auto_requeue=False)
    port = cluster.main_port
    return cluster.main_address, port + 10_000 if port < 50_000 else port - 10_000
