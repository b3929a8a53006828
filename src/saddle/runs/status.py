"""Whether a run is going on, and if not, how it ended."""

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
    """What `status.json` says, read at this moment: a "running" whose process is dead is "interrupted".

    Attributes:
        state: one of `STATES`; "new" where nothing was written yet.
        pid, host: of the process that wrote it.
        born: when that process started, in the kernel's clock; a process id alone may have been given away again.
        heartbeat: seconds since 1970 of the last sign of life.
        died: it was left at "running" by a process that is gone; `state` says "interrupted".
        details: whatever else was said, for instance `error`.
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
        """The status that this process can give of itself now."""
        if state not in STATES:
            raise ValueError(f"a run is one of {', '.join(STATES)}, not {state!r}")
        pid = os.getpid()
        return cls(
            state=state, pid=pid, host=socket.gethostname(), born=_born(pid), heartbeat=time.time(), details=details
        )

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Status":
        """The status stored as `stored`, with a dead "running" turned into "interrupted".

        Raises:
            ValueError: it was changed by hand.
        """
        right = isinstance(stored.get("pid", 0), int) and isinstance(stored.get("heartbeat", 0.0), int | float)
        if stored.get("state") not in STATES or not right:
            raise ValueError(f"status.json says {stored}: it was changed by hand")
        known = {key: stored[key] for key in ("state", "pid", "host", "born", "heartbeat") if key in stored}
        status = cls(**known, details={key: value for key, value in stored.items() if key not in known})
        if status.state == "running" and not status._alive():
            return cls(**{**known, "state": "interrupted"}, died=True, details=status.details)
        return status

    def stored(self) -> dict[str, Any]:
        """What is written to the file."""
        own = {"state": self.state, "pid": self.pid, "host": self.host, "born": self.born, "heartbeat": self.heartbeat}
        return {**own, **self.details}

    def _alive(self) -> bool:
        if self.host != socket.gethostname() or os.name != "posix":
            return time.time() - self.heartbeat < SILENCE
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it is there, and someone else's
            pass
        return _born(self.pid) == self.born


def _born(pid: int) -> str:
    """The process's start in clock ticks since boot; empty where there is no /proc, `zombie` for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "zombie" if fields[0] in "ZX" else fields[19]
