"""The GPUs of this machine, handed out to jobs side by side. Asked without torch, which would take one for itself."""

import os
import subprocess
from collections.abc import Mapping, Sequence


def visible_devices(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The GPUs that CUDA would show, as CUDA_VISIBLE_DEVICES names them; without that variable all that there are."""
    variable = environment.get("CUDA_VISIBLE_DEVICES")
    if variable is None:
        return [str(number) for number in range(_count())]
    listed = [name.strip() for name in variable.split(",")]
    hidden = next((place for place, name in enumerate(listed) if name in ("", "-1")), len(listed))
    return listed[:hidden]  # CUDA stops reading there


def share_of_devices(devices: Sequence[str], slot: int, slots: int) -> dict[str, str]:
    """The variable for the job in one of `slots` places: an equal share; one in turn where there are fewer GPUs."""
    if not devices or slots == 1:
        return {}
    each = len(devices) // slots
    own = devices[slot * each : (slot + 1) * each] or [devices[slot % len(devices)]]
    return {"CUDA_VISIBLE_DEVICES": ",".join(own)}


def _count() -> int:
    """What the driver lists; 0 where there is none."""
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
