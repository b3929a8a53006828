"""The claim of a process to a run folder: signs of life, and the check that the folder is still its own."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from saddle.runs.status import Status


class Claim:
    """Begins when a process claims a folder, and ends with the run or the process.

    A thread gives the signs of life: an evaluation or the preparation of the data may take longer than the silence
    after which other machines believe that the process is dead.

    Args:
        folder: the run folder.
        status: status before the claim.
        config: content of config.yaml before the claim; None without one.
        read: function that returns the present content of status.json.
        beat: function that gives a sign of life.
        every: seconds between two of them.

    Attributes:
        begun: whether training has begun, so that the files are no longer those of before the claim.
        failure: the error that ended the signs of life.
    """

    def __init__(
        self,
        folder: Path,
        *,
        status: Status,
        config: bytes | None,
        read: Callable[[], dict[str, Any] | None],
        beat: Callable[[], None],
        every: float,
    ) -> None:
        self.status, self.config, self.begun = status, config, False
        self.failure: OSError | None = None
        self._folder, self._read, self._beat, self._every = folder, read, beat, every
        self._over = threading.Event()
        threading.Thread(target=self._give_signs, daemon=True, name="heartbeat").start()

    def require_own(self) -> None:
        """Require that the folder is still this process's.

        Raises:
            OSError: it was removed or renamed, or another process has taken it over.
        """
        stored = self._read()
        if stored is not None and Status.is_of_this_process(stored):
            return
        if stored is None:
            what = "it was removed or renamed, or its status.json was deleted,"
        else:
            what = f"process {stored.get('pid')} on {stored.get('host')} has taken it over"
        raise OSError(
            f"{self._folder} no longer belongs to this run: {what} while the run was being trained. This process "
            "writes nothing more; the same command resumes the run from what the folder has, or begins again"
        )

    def end(self) -> None:
        """Give no more signs of life."""
        self._over.set()

    def _give_signs(self) -> None:
        while not self._over.wait(self._every):
            try:
                with suppress(ValueError):  # a status.json that is being changed by hand
                    self._beat()
            except OSError as error:
                self.failure = error
                return
