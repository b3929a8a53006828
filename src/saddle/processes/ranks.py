"""Which of a run's processes this one is. Imports nothing heavy: it is asked before torch is there."""

import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

PARENT = "SADDLE_PARENT"
"""Environment variable with the process id of rank 0, which a process that it started must not outlive."""
SWEEP = "SADDLE_SWEEP"
"""Environment variable with the process id of the sweep that started this job."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the parent."""


def rank_of_process(environment: Mapping[str, str] = os.environ) -> int:
    """0 for the process that a person or a scheduler started first, 1, 2, ... for those which assist it."""
    own = PARENT in environment  # started by rank 0, which may itself be the one task of SLURM, number 0
    names = ("LOCAL_RANK",) if own else ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return next((int(environment[name]) for name in names if name in environment), 0)


def started_by(environment: Mapping[str, str] = os.environ) -> Literal["torchrun", "srun", "itself"]:
    """Who starts the processes of this run: torchrun, SLURM with several tasks, or its own rank 0."""
    if PARENT in environment:
        return "itself"
    if "TORCHELASTIC_RUN_ID" in environment:
        return "torchrun"
    by_hand = environment.get("SLURM_JOB_NAME") in ("bash", "interactive")  # a shell in an allocation, no task of it
    return "srun" if int(environment.get("SLURM_NTASKS", 1)) > 1 and not by_hand else "itself"


def processes(environment: Mapping[str, str] = os.environ) -> int:
    """How many processes were started together by someone else; 1 where the run starts its own."""
    counts = {"torchrun": "WORLD_SIZE", "srun": "SLURM_NTASKS"}
    starter = started_by(environment)
    return 1 if starter == "itself" else int(environment[counts[starter]])


def mismatch(devices: int, num_nodes: int, environment: Mapping[str, str] = os.environ) -> str:
    """Why a run on so many devices does not go with how its processes were started; or nothing."""
    wanted, starter = devices * num_nodes, started_by(environment)
    setting = f"trainer.devices={devices} trainer.num_nodes={num_nodes}"
    if starter == "itself" and num_nodes > 1:
        return (
            f"{setting}: several machines need someone who starts a process for each device: torchrun "
            f"--nnodes={num_nodes} --nproc_per_node={devices}, or srun (README.md, Beyond one machine)"
        )
    if starter != "itself" and processes(environment) != wanted:
        return f"{starter} has started {processes(environment)} processes, but {setting} needs {wanted}"
    return ""


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, whatever this one is waiting for.

    A collective of NCCL would wait for a dead rank until its time limit, and hold the device so long.
    """
    parent = os.environ.get(PARENT)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), daemon=True, name="end-with-parent").start()


def interrupt_with_sweep() -> None:
    """Interrupt this process, as SIGTERM does, when the sweep whose job it is has gone without a farewell."""
    sweep = os.environ.get(SWEEP)
    if sweep is not None:
        threading.Thread(target=_watch_sweep, args=(int(sweep),), daemon=True, name="interrupt-with-sweep").start()


def _watch_sweep(sweep: int) -> None:
    with suppress(ProcessLookupError):
        while True:
            os.kill(sweep, 0)  # no signal: only whether it is there
            time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os._exit(1)
