"""The number of threads of a process. It must be set before torch is imported, which sees only the host's cores."""

import os
from pathlib import Path


def cores(cgroups: Path = Path("/sys/fs/cgroup"), process_cgroup: Path = Path("/proc/self/cgroup")) -> int:
    """Number of cores that this process may use, by its affinity and the quota of its container; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([affinity, *map(int, _quotas(cgroups, process_cgroup))]))


def thread_variables(side_by_side: int) -> dict[str, str]:
    """Environment variables for one of `side_by_side` processes that share the cores.

    More threads than cores cost a factor of 40, because threads wait for one another actively. Variables that the user
    has set take precedence.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores() // side_by_side))
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": os.environ.get("MKL_NUM_THREADS") or threads}


def _quotas(cgroups: Path, process_cgroup: Path) -> list[float]:
    """Quotas in cores of this process's control group and its parents (versions 2 and 1 of the interface)."""
    try:
        lines = process_cgroup.read_text().splitlines()
    except OSError:
        return []
    group = cgroups / next((line[3:] for line in lines if line.startswith("0::")), "/").strip("/")
    folders = [folder for folder in (group, *group.parents) if folder.is_relative_to(cgroups)]
    quotas = [_quota(folder / "cpu.max") for folder in folders]
    quotas.append(_quota(cgroups / "cpu" / "cpu.cfs_quota_us", cgroups / "cpu" / "cpu.cfs_period_us"))
    return [quota for quota in quotas if quota]


def _quota(*files: Path) -> float | None:
    try:
        quota, period = " ".join(file.read_text() for file in files).split()
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError):  # no such file, or "max": no quota
        return None
