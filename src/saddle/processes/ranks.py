"""The rank of this process, and its end with its parent. Used before torch is imported, so it imports nothing heavy."""

import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

PARENT = "SADDLE_PARENT"
"""Environment variable with the process id of rank 0, which the processes that it started must not outlive."""
SWEEP = "SADDLE_SWEEP"
"""Environment variable with the process id of the sweep that started this job."""
POLL_SECONDS = 1.0
"""Seconds between two checks whether the parent still exists."""


def rank_of_process(environment: Mapping[str, str] = os.environ) -> int:
    """0 for the process that the user or a scheduler started first, 1, 2, ... for the others."""
    forked = PARENT in environment  # started by rank 0, which may itself be the single task of SLURM, number 0
    names = ("LOCAL_RANK",) if forked else ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return next((int(environment[name]) for name in names if name in environment), 0)


def started_by(environment: Mapping[str, str] = os.environ) -> Literal["torchrun", "srun", "itself"]:
    """What starts the processes of this run: torchrun, SLURM with several tasks, or its own rank 0."""
    if PARENT in environment:
        return "itself"
    if "TORCHELASTIC_RUN_ID" in environment:
        return "torchrun"
    in_shell = environment.get("SLURM_JOB_NAME") in ("bash", "interactive")  # a shell in an allocation, not a task
    return "srun" if int(environment.get("SLURM_NTASKS", 1)) > 1 and not in_shell else "itself"


def processes(environment: Mapping[str, str] = os.environ) -> int:
    """The number of processes that torchrun or srun started; 1 if the run starts its own."""
    counts = {"torchrun": "WORLD_SIZE", "srun": "SLURM_NTASKS"}
    starter = started_by(environment)
    return 1 if starter == "itself" else int(environment[counts[starter]])


def mismatch(devices: int, num_nodes: int, environment: Mapping[str, str] = os.environ) -> str:
    """Why this number of devices does not match how the processes were started; empty if it does."""
    wanted, starter = devices * num_nodes, started_by(environment)
    setting = f"trainer.devices={devices} trainer.num_nodes={num_nodes}"
    if starter == "itself" and num_nodes > 1:
        return (
            f"{setting}: on several machines start a process for each device with torchrun --nnodes={num_nodes} "
            f"--nproc_per_node={devices}, or with srun (README.md, Beyond one machine)"
        )
    if starter != "itself" and processes(environment) != wanted:
        return f"{starter} has started {processes(environment)} processes, but {setting} needs {wanted}"
    return ""


def end_with_parent() -> None:
    """End this process as soon as the process that started it has ended, even while it waits.

    A collective of NCCL would wait for a dead rank until its time limit, and occupy the device that long.
    """
    if parent := os.environ.get(PARENT):
        threading.Thread(target=_watch, args=(int(parent),), daemon=True, name="end-with-parent").start()


def interrupt_with_sweep() -> None:
    """Interrupt this process, as SIGTERM does, if the sweep that started it dies."""
    if sweep := os.environ.get(SWEEP):
        threading.Thread(target=_watch_sweep, args=(int(sweep),), daemon=True, name="interrupt-with-sweep").start()


def _watch_sweep(sweep: int) -> None:
    with suppress(ProcessLookupError):
        while True:
            os.kill(sweep, 0)  # sends no signal, only checks that the process exists
            time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)
