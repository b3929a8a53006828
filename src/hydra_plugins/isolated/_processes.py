"""Jobs as processes of this machine, one after the other or side by side."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from queue import SimpleQueue

from omegaconf import DictConfig

from hydra_plugins.isolated._executor import Executor, JobResult
from saddle.processes.forkserver import PreparedProcess
from saddle.processes.job_process import JobProcess, program
from saddle.processes.ranks import SWEEP
from saddle.runs.sweep_position import SweepPosition


class Processes(Executor):
    """Each job in its own process, `jobs` at a time, with equal shares of the cores and the GPUs.

    If `prepared`, all are forked from one process that has imported everything (`saddle.processes.forkserver`).
    """

    def __init__(self, *, jobs: int, prepared: bool):
        self.at_a_time = self.sharing = jobs
        self._prepared = prepared
        order = "one after the other" if jobs == 1 else f"{jobs} side by side"
        self.manner = f"{order}, each in its own process"
        self._devices = visible_devices() if jobs > 1 else []
        self._slots: dict[int, int] = {}  # number of the job -> its slot
        self._running: dict[int, JobProcess] = {}
        self._results: SimpleQueue[JobResult] = SimpleQueue()

    def start(self, command: Sequence[str], position: SweepPosition, cfg: DictConfig, env: Mapping[str, str]) -> str:
        slot = next(slot for slot in range(self.sharing) if slot not in self._slots.values())
        job_variables = {
            **position.environment(),
            **env,
            SWEEP: str(os.getpid()),
            **share_of_devices(self._devices, slot, self.sharing),
        }
        mark = f"[{position.job}/{position.jobs}] " if self.sharing > 1 else ""
        start = partial(PreparedProcess, command) if self._prepared else program(command)
        child = JobProcess(start, job_variables, mark)
        self._slots[position.job], self._running[position.job] = slot, child
        threading.Thread(target=self._watch, args=(position.job, child), daemon=True).start()
        return ""

    def wait(self) -> JobResult:
        result = self._results.get()
        del self._running[result.number], self._slots[result.number]
        return result

    def stop(self) -> None:
        stopping = [threading.Thread(target=child.stop, daemon=True) for child in self._running.values()]
        try:
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()
        except KeyboardInterrupt:
            for child in self._running.values():
                child.send(signal.SIGKILL)
        for _ in range(len(self._running)):
            self.wait()

    def _watch(self, number: int, child: JobProcess) -> None:
        code = child.wait()
        self._results.put(JobResult(number=number, code=code, last_words=child.last_words()))


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
