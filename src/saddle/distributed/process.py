"""Which of a run's processes this one is. Imports nothing heavy: it is asked before torch is there."""

import os
import threading
import time
from collections.abc import Mapping

PARENT = "SADDLE_PARENT"
"""Environment variable with the process id of rank 0, which a process that it started must not outlive."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the parent."""


def rank_of_process(environment: Mapping[str, str] = os.environ) -> int:
    """0 for the process that a person or a scheduler started first, 1, 2, ... for those which assist it."""
    names = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return next((int(environment[name]) for name in names if name in environment), 0)


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, whatever this one is waiting for.

    A collective of NCCL would wait for a dead rank until its time limit, and hold the device so long.
    """
    parent = os.environ.get(PARENT)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), daemon=True, name="end-with-parent").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os._exit(1)
