"""The decision of rank 0 whether to train, sent to ranks that a scheduler started.

Ranks that rank 0 starts itself begin after its decision. Ranks of a scheduler start at the same time: without the
decision they would load a state that rank 0 is about to move aside, or wait for a rank 0 that has already exited
because the run is finished.
"""

import os
from datetime import timedelta

from saddle.processes.ranks import processes, rank_of_process, started_by

TIMEOUT = timedelta(seconds=120)
"""Time limit for all ranks to start; a shared file system may delay some of them."""


def agreed(exit_code: int | None) -> int | None:
    """Rank 0's exit code in every rank; None if the run is to be trained.

    Raises:
        TimeoutError: rank 0, or another rank, did not start in time.
    """
    from torch.distributed import DistError, TCPStore  # type: ignore[attr-defined]  # public, not listed

    host, port = _address()
    first, count = rank_of_process() == 0, processes()
    hosts = first and started_by() == "srun"  # torchrun's agent hosts a store for its ranks
    round_ = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        store = TCPStore(host, port, is_master=hosts, timeout=TIMEOUT, wait_for_workers=False)
        if first:
            store.set(f"saddle/decision/{round_}", "train" if exit_code is None else str(exit_code))
        decision = store.get(f"saddle/decision/{round_}").decode()
        if not first:
            store.set(f"saddle/received/{round_}/{rank_of_process()}", "")
        elif hosts:  # the store ends with this process
            store.wait([f"saddle/received/{round_}/{rank}" for rank in range(1, count)], TIMEOUT)
    except (DistError, RuntimeError) as error:
        raise TimeoutError(f"the {count} processes of this run could not connect: {error}") from None
    return None if decision == "train" else int(decision)


def _address() -> tuple[str, int]:
    """The store's address: torchrun's own, or the first SLURM machine with another port than that of training."""
    if started_by() == "torchrun":
        return os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment

    cluster = SLURMEnvironment(auto_requeue=False)
    port = cluster.main_port
    return cluster.main_address, port + 10_000 if port < 50_000 else port - 10_000
