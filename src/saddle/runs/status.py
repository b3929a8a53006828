"""The status of a run: whether it is running, and if not, how it ended."""

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SILENCE = 180.0
"""Seconds without a heartbeat after which a run on another host counts as dead."""

STATES = ("new", "running", "finished", "failed", "interrupted")


@dataclass(frozen=True, kw_only=True)
class Status:
    """The content of `status.json`, where "running" becomes "interrupted" if the process is dead.

    Attributes:
        state: one of `STATES`; "new" if nothing was written yet.
        pid, host: process that wrote the file.
        born: start time of that process by the kernel's clock, because process ids are reused.
        heartbeat: time of the last sign of life, in seconds since 1970.
        died: whether the stored state is "running" but the process is gone; `state` is then "interrupted".
        details: all other stored keys, for instance `error`.
    """

    state: str
    pid: int = 0
    host: str = ""
    born: str = ""
    heartbeat: float = 0.0
    died: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_this_process(cls, state: str, details: dict[str, Any]) -> "Status":
        """The present status of a run in this process."""
        if state not in STATES:
            raise ValueError(f"a run is one of {', '.join(STATES)}, not {state!r}")
        pid = os.getpid()
        return cls(
            state=state, pid=pid, host=socket.gethostname(), born=_born(pid), heartbeat=time.time(), details=details
        )

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Status":
        """The status from the content of status.json.

        Raises:
            ValueError: the file was changed by hand.
        """
        valid = isinstance(stored.get("pid", 0), int) and isinstance(stored.get("heartbeat", 0.0), int | float)
        if stored.get("state") not in STATES or not valid:
            raise ValueError(f"status.json says {stored}: it was changed by hand")
        known = {key: stored[key] for key in ("state", "pid", "host", "born", "heartbeat") if key in stored}
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
        keys = {"state": self.state, "pid": self.pid, "host": self.host, "born": self.born, "heartbeat": self.heartbeat}
        return {**keys, **self.details}

    def _alive(self) -> bool:
        if self.host != socket.gethostname() or os.name != "posix":
            return time.time() - self.heartbeat < SILENCE
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # the process exists and belongs to another user
            pass
        return _born(self.pid) == self.born


def _born(pid: int) -> str:
    """Start of the process in clock ticks since boot; empty without /proc, `zombie` for a process that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "zombie" if fields[0] in "ZX" else fields[19]
