"""Jobs submitted to a scheduler with submitit."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from submitit import AutoExecutor
from submitit import Job as Submission
from submitit.core.utils import UncompletedJobError
from submitit.helpers import environment_variables
from submitit.local.local import LocalJob

from hydra_plugins.isolated._executor import Executor, JobResult
from hydra_plugins.isolated._task import Task
from saddle.runs.sweep_position import SweepPosition

POLL_SECONDS = 1.0
"""Seconds between two checks of the queue."""
TIMEOUT = 60.0
"""Seconds in which cancelled jobs must end."""
SOURCES = Path(__file__).resolve().parents[2]


class Queue(Executor):
    """Each job in the queue of a cluster.

    Args:
        cluster: `slurm` or `local`.
        folder: folder of the logs and of submitit's files, on a file system that all machines share.
        jobs: number of jobs submitted at a time; None for all.
        parameters: submitit's parameters for every job.
        gpus_per_node: number of GPUs; None for the number of devices if the accelerator is a GPU.
        max_timeouts: how often a job that reaches its time limit is queued again.
    """

    def __init__(
        self,
        *,
        cluster: str,
        folder: Path,
        jobs: int | None,
        parameters: Mapping[str, Any],
        gpus_per_node: int | None,
        max_timeouts: int,
    ):
        self.at_a_time = jobs
        self.sharing = (jobs or 1) if cluster == "local" else 1
        self.manner = f"submitted with submitit ({cluster}), logs in {folder}"
        self.cluster, self.gpus_per_node, self.parameters = cluster, gpus_per_node, parameters
        try:
            self.executor = AutoExecutor(folder, cluster=cluster, slurm_max_num_timeout=max_timeouts)
        except RuntimeError as error:
            raise ValueError(f"hydra/launcher=submitit_{cluster}: {error}") from None
        self._submitted: dict[int, Submission[tuple[int, list[str]]]] = {}

    def start(self, command: Sequence[str], position: SweepPosition, cfg: DictConfig, env: Mapping[str, str]) -> str:
        self.executor.update_parameters(name=f"saddle-{position.job}", **self.parameters, **self._shape(cfg.trainer))
        paths = [str(SOURCES), os.environ.get("PYTHONPATH", "")]
        with environment_variables(PYTHONPATH=os.pathsep.join(filter(None, paths))):
            submission = self.executor.submit(Task(command, {**position.environment(), **env}))
        self._submitted[position.job] = submission
        return f"submitted as {submission.job_id}, log {submission.paths.stdout}"

    def wait(self) -> JobResult:
        while True:
            for number, submission in self._submitted.items():
                if submission.done():
                    del self._submitted[number]
                    return _result(number, submission)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        for submission in self._submitted.values():
            _cancel(submission)
        try:
            deadline = time.monotonic() + TIMEOUT
            while time.monotonic() < deadline and not all(job.done() for job in self._submitted.values()):
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            return

    def _shape(self, trainer: DictConfig) -> dict[str, int]:
        """Machines, processes and GPUs of a job. With `local` a run starts its own processes."""
        on_gpu = trainer.devices if trainer.accelerator == "gpu" else 0
        gpus = on_gpu if self.gpus_per_node is None else self.gpus_per_node
        if self.cluster == "local":
            return {"gpus_per_node": gpus}
        tasks = {"nodes": trainer.num_nodes, "tasks_per_node": trainer.devices}
        return {**tasks, "slurm_srun_args": ["--kill-on-bad-exit=1"], "gpus_per_node": gpus}


def _cancel(submission: Submission[Any]) -> None:
    if isinstance(submission, LocalJob):  # its cancel kills after a second, which is too short to store a run
        os.kill(int(submission.job_id), signal.SIGTERM)
    else:
        submission.cancel(check=False)


def _result(number: int, submission: Submission[tuple[int, list[str]]]) -> JobResult:
    """The result of the first task, which also reports failures of the other tasks."""
    try:
        code, last_words = submission.results()[0]
    except UncompletedJobError:
        lines = (submission.task(0).stderr() or "").splitlines()
        state = f"the job {submission.job_id} ended without a result: {submission.state}"
        return JobResult(number=number, code=1, last_words=[*lines[-20:], state])
    return JobResult(number=number, code=code, last_words=last_words)
