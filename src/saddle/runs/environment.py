"""The environment of a run: commit, versions, host, processor, threads."""

import os
import platform
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

from saddle import __version__
from saddle.storage import CHECKOUT

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

GENERATED = [f":(exclude)experiments/*.{ending}" for ending in ("json", "md", "png")]
"""Results, tables and figures, in any folder of experiments/, for git."""


def describe(precision: str, previous: dict[str, object] | None) -> dict[str, object]:
    """Everything that a run's numbers depend on in addition to its configuration.

    Args:
        precision: precision of the arithmetic.
        previous: stored environment of the run before it was resumed; None for a new run.
    """
    parts = [] if previous is None else [*previous.pop("earlier", []), previous]  # type: ignore[misc]  # a list, as below
    return {
        "saddle": __version__,
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
    """The version of the code: `commit`, None without a repository, and whether files differ from it (`dirty`).

    What experiments write (`GENERATED`) is no code.
    """
    changes = _git("status", "--porcelain", "--untracked-files=all", "--", ".", *GENERATED)
    return {"commit": _git("rev-parse", "HEAD"), "dirty": bool(changes)}


def _git(*arguments: str) -> str | None:
    """Output of git in the checkout; None without git, and without a checkout: a venv may be in another repository."""
    if CHECKOUT is None:
        return None
    try:
        return subprocess.check_output(
            ["git", *arguments], cwd=CHECKOUT, stderr=subprocess.DEVNULL, text=True, timeout=10
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
