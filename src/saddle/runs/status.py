"""The status of a run: whether it is running, and if not, how it ended."""

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SILENCE = 180.0
"""Seconds without a heartbeat after which a run that this process cannot see counts as dead."""
CLOCKS = 3600.0
"""Largest difference in seconds between the clocks of two machines that is believed."""

STATES = ("new", "running", "finished", "failed", "interrupted")
KEYS: dict[str, tuple[type, ...]] = {
    "state": (str,),
    "pid": (int,),
    "host": (str,),
    "born": (str,),
    "machine": (str,),
    "heartbeat": (int, float),
}
"""Keys of status.json that every status has, with their types."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """The content of `status.json`, where "running" becomes "interrupted" if the process is dead.

    Attributes:
        state: one of `STATES`; "new" if nothing was written yet.
        pid, host: process that wrote the file.
        born: start time of that process by the kernel's clock, because process ids are reused.
        machine: the running kernel and namespace in which `pid` means that process; hosts may have equal names.
        heartbeat: time of the last sign of life, in seconds since 1970.
        died: whether the stored state is "running" but the process is gone; `state` is then "interrupted".
        details: all other stored keys, for instance `error`.
    """

    state: str
    pid: int = 0
    host: str = ""
    born: str = ""
    machine: str = ""
    heartbeat: float = 0.0
    died: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_this_process(cls, state: str, details: dict[str, Any]) -> "Status":
        """The present status of a run in this process."""
        if state not in STATES:
            raise ValueError(f"a run is one of {', '.join(STATES)}, not {state!r}")
        return cls(state=state, heartbeat=time.time(), details=details, **_this_process())

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Status":
        """The status from the content of status.json.

        Raises:
            ValueError: the file was changed by hand.
        """
        known = {key: stored[key] for key in KEYS if key in stored}
        right = all(type(value) in KEYS[key] for key, value in known.items())
        if not right or known.get("state") not in STATES or not 0 <= known.get("pid", 0) < 2**31:
            raise ValueError(f"status.json says {str(known)[:200]}: it was changed by hand; restore it, or delete it")
        status = cls(**known, details={key: value for key, value in stored.items() if key not in known})
        if status.state == "running" and not status._alive():
            return cls(**{**known, "state": "interrupted"}, died=True, details=status.details)
        return status

    @property
    def error(self) -> str:
        """The first line of the error that ended the run, or nothing; status.json has the rest."""
        return str(self.details.get("error") or "").partition("\n")[0].rstrip(":")

    def stored(self) -> dict[str, Any]:
        """The content of status.json."""
        return {**{key: getattr(self, key) for key in KEYS}, **self.details}

    @property
    def silent(self) -> float:
        """Seconds since the last sign of life, by the clock of this machine."""
        return time.time() - self.heartbeat

    @staticmethod
    def is_of_this_process(stored: dict[str, Any]) -> bool:
        """Whether this process wrote the content of a status.json."""
        return {key: stored.get(key) for key in ("pid", "host", "born", "machine")} == _this_process()

    def _alive(self) -> bool:
        heard = -CLOCKS < self.silent < SILENCE  # a time far in the future is no sign of life
        if self.host != socket.gethostname() or self.machine not in ("", _machine()) or os.name != "posix":
            return heard
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # the process exists and belongs to another user
            pass
        return _born(self.pid) == self.born and (bool(self.born) or heard)


def _born(pid: int) -> str:
    """Start of the process in clock ticks since boot; empty without /proc, `zombie` for a process that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "zombie" if fields[0] in "ZX" else fields[19]


def _this_process() -> dict[str, Any]:
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "born": _born(pid), "machine": _machine()}


def _machine() -> str:
    """The boot of the kernel and the namespace of process ids, which no two containers share; empty without /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
