"""What a run stood on: command, commit, versions, host, processor, threads."""

import os
import platform
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

from saddle.storage import CHECKOUT
from saddle.version import VERSION as VERSION  # also for those who say by which version something was made

PACKAGES = (
    "torch",
    "torchvision",
    "pytorch-lightning",
    "torchmetrics",
    "torch-fidelity",
    "hydra-core",
    "omegaconf",
    "wandb",
    "numpy",
)


def describe(precision: str, earlier: dict[str, object] | None) -> dict[str, object]:
    """What a run's numbers depend on in addition to its configuration.

    Args:
        precision: of the arithmetic.
        earlier: what was stored of the part of the run before this one.
    """
    parts = [] if earlier is None else [*earlier.pop("earlier", []), earlier]  # type: ignore[misc]  # a list, as below
    return {
        "saddle": VERSION,
        **code(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "host": socket.gethostname(),
        "processor": _processor(),
        "precision": precision,
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "earlier": parts,
    }


def code() -> dict[str, object]:
    """Which code this is: `commit`, None where there is no repository, and whether files differ from it (`dirty`)."""
    return {"commit": _git("rev-parse", "HEAD"), "dirty": bool(_git("status", "--porcelain"))}


def _git(*arguments: str) -> str | None:
    """What git says of the checkout; None without git, and without a checkout: a venv may be in another repository."""
    if CHECKOUT is None:
        return None
    try:
        done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
