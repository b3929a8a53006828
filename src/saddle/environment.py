"""What a run stood on: threads, versions, commit, devices. Imports nothing heavy, so that threads can be set before torch."""

import math
import os
import platform
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "omegaconf", "wandb", "numpy")


def cores() -> int:
    """Cores that this process may use: its affinity, cut to the container's quota, which torch does not look at."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota()))


def _quota() -> int:
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return math.ceil(int(limit) / int(period))
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return os.cpu_count() or 1


def set_threads() -> int:
    """Give torch as many threads as there are cores, unless OMP_NUM_THREADS says otherwise; call before importing torch.

    More threads than cores make every barrier wait for the scheduler: 40 times slower, not a little.
    """
    return int(os.environ.setdefault("OMP_NUM_THREADS", str(cores())))


def describe(command: list[str], precision: str) -> dict[str, object]:
    """What to store beside a run's numbers."""
    return {
        "command": command,
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain")),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "host": socket.gethostname(),
        "processor": _processor(),
        "precision": precision,
        "threads": int(os.environ["OMP_NUM_THREADS"]),
    }


def _git(*arguments: str) -> str | None:
    """What git answers about the project; None where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
