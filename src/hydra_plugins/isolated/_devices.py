"""Shares of this machine's GPUs for jobs side by side. Does not use torch, which would occupy a GPU."""

import os
import subprocess
from collections.abc import Mapping, Sequence


def visible_devices(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The GPUs that CUDA would show, as CUDA_VISIBLE_DEVICES names them; all GPUs without that variable."""
    variable = environment.get("CUDA_VISIBLE_DEVICES")
    if variable is None:
        return [str(number) for number in range(_count())]
    listed = [name.strip() for name in variable.split(",")]
    hidden = next((index for index, name in enumerate(listed) if name in ("", "-1")), len(listed))
    return listed[:hidden]  # CUDA ignores the rest


def share_of_devices(devices: Sequence[str], slot: int, slots: int) -> dict[str, str]:
    """The variable for a job's slot: an equal share of the GPUs, or one of them if there are fewer than slots."""
    if not devices or slots == 1:
        return {}
    each = len(devices) // slots
    share = devices[slot * each : (slot + 1) * each] or [devices[slot % len(devices)]]
    return {"CUDA_VISIBLE_DEVICES": ",".join(share)}


def _count() -> int:
    """The number of GPUs that the driver lists; 0 without a driver."""
    try:
        output = subprocess.check_output(["nvidia-smi", "-L"], stderr=subprocess.DEVNULL, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in output.splitlines())
