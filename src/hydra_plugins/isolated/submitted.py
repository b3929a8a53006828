"""The sweep launcher for a cluster: it submits each job with submitit (an extra) and waits for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra_plugins.isolated._sweep import SweepLauncher

if TYPE_CHECKING:
    from hydra_plugins.isolated._executor import Executor


class SubmittedLauncher(SweepLauncher):
    """Submits each job with as many machines and tasks as its `trainer.num_nodes` and `trainer.devices`.

    Args:
        cluster: `slurm`, or `local` for processes of this machine.
        jobs: number of jobs submitted at a time; null for all.
        timeout_min: time limit in minutes, after which a job stores its state and is queued again.
        max_timeouts: how often a job is queued again.
        gpus_per_node: number of GPUs; null for `trainer.devices` if `trainer.accelerator=gpu`, else none.
        cpus_per_task: number of cores of each process.
        mem_gb: memory of each machine in GB; null for the cluster's default.
        partition, account, qos, constraint: options of sbatch; null omits them.
        setup: shell commands before a job, such as `module load cuda`.
    """

    def __init__(
        self,
        *,
        cluster: str,
        jobs: int | None,
        timeout_min: int,
        max_timeouts: int,
        gpus_per_node: int | None,
        cpus_per_task: int,
        mem_gb: int | None,
        partition: str | None,
        account: str | None,
        qos: str | None,
        constraint: str | None,
        setup: list[str],
    ) -> None:
        self.cluster, self.jobs, self.max_timeouts = cluster, jobs, max_timeouts
        self.gpus_per_node = gpus_per_node
        self.parameters: dict[str, Any] = {"timeout_min": timeout_min, "cpus_per_task": cpus_per_task, "mem_gb": mem_gb}
        options = {"partition": partition, "account": account, "qos": qos, "constraint": constraint}
        self.parameters |= {f"slurm_{key}": value for key, value in options.items()}
        self.parameters["slurm_setup"] = list(setup) or None

    def executor(self, folder: Path) -> "Executor":
        try:
            from hydra_plugins.isolated._queue import Queue
        except ModuleNotFoundError as missing:
            if missing.name != "submitit":
                raise
            raise ValueError(
                "hydra/launcher=submitit_* needs the package submitit: python -m pip install 'submitit>=1.5'"
            ) from None
        return Queue(
            cluster=self.cluster,
            folder=folder / "submitit",
            jobs=self.jobs,
            parameters=self.parameters,
            gpus_per_node=self.gpus_per_node,
            max_timeouts=self.max_timeouts,
        )
