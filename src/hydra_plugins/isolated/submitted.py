"""The sweep launcher for a cluster: each job is submitted with submitit (an extra), and waited for."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra_plugins.isolated._sweep import SweepLauncher

if TYPE_CHECKING:
    from hydra_plugins.isolated._executor import Executor


class SubmittedLauncher(SweepLauncher):
    """Machines and tasks of a job are its own `trainer.num_nodes` and `trainer.devices`.

    Args:
        cluster: `slurm`; `local` does the same with processes of this machine.
        jobs: how many are submitted at a time; null for all.
        timeout_min: minutes that a part of a job may take; then it stores where it stands, and is queued again.
        max_timeouts: how many times that is done.
        gpus_per_node: null for as many as `trainer.devices` where `trainer.accelerator=gpu`, else none.
        cpus_per_task: cores of each process.
        mem_gb: memory of each machine; null leaves it to the cluster.
        partition, account, qos, constraint: as sbatch has them; null leaves them out.
        setup: lines of shell before a job, such as `module load cuda`.
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
        own = {"partition": partition, "account": account, "qos": qos, "constraint": constraint}
        self.parameters |= {f"slurm_{key}": value for key, value in own.items()}
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
