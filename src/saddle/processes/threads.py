"""How many threads a process may use. To be asked before torch is imported, since torch sees the host's cores only."""

import os
from pathlib import Path


def cores(cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Cores that this process may use: its affinity, and the quota of its container; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([affinity, *map(int, _quotas(cgroups, own))]))


def thread_variables(side_by_side: int) -> dict[str, str]:
    """Environment variables for one of `side_by_side` processes that share the cores.

    More threads than cores cost a factor of 40, because they wait for one another actively. What the user has set
    already holds.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores() // side_by_side))
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": os.environ.get("MKL_NUM_THREADS") or threads}


def _quotas(cgroups: Path, own: Path) -> list[float]:
    """Quotas in cores of this process's control group and of those around it (versions 2 and 1 of the interface)."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    group = next((line[3:] for line in lines if line.startswith("0::")), "/").strip("/")
    inside = cgroups / group
    around = [folder for folder in (inside, *inside.parents) if folder.is_relative_to(cgroups)]
    quotas = [_quota(folder / "cpu.max") for folder in around]
    quotas.append(_quota(cgroups / "cpu" / "cpu.cfs_quota_us", cgroups / "cpu" / "cpu.cfs_period_us"))
    return [quota for quota in quotas if quota]


def _quota(*files: Path) -> float | None:
    try:
        quota, period = " ".join(file.read_text() for file in files).split()
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError):  # not there, or "max": no quota
        return None
