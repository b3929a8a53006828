"""The sweep launcher for this machine: `hydra.launcher.jobs` at a time."""

from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.config_store import ConfigStore

from hydra_plugins.isolated._sweep import SweepLauncher

if TYPE_CHECKING:
    from hydra_plugins.isolated._executor import Executor


class IsolatedLauncher(SweepLauncher):
    """Runs each job in its own process.

    Args:
        jobs: number of jobs at a time, which share cores and GPUs.
    """

    def __init__(self, *, jobs: int) -> None:
        self.jobs = jobs

    def executor(self, folder: Path) -> "Executor":
        from hydra_plugins.isolated._processes import Processes

        return Processes(jobs=self.jobs, prepared=True)


ConfigStore.instance().store(
    group="hydra/launcher",
    name="isolated",
    node={"_target_": "hydra_plugins.isolated.launcher.IsolatedLauncher", "jobs": 1},
    provider="isolated",
)
