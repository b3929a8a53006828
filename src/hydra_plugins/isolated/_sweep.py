"""What every launcher of Saddle does: check all jobs, run them, end with the comparison."""

import re
import sys
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from hydra_plugins.isolated._executor import Executor


class SweepLauncher(Launcher):
    """Runs each job of a sweep as `python THE_SAME_PROGRAM overrides hydra.mode=RUN hydra.run.dir=runs/<sweep>/<job>`.

    `hydra.mode=RUN`, because a study's yaml says MULTIRUN and its jobs compose that yaml again: without it they would
    start themselves without end. Every start of Hydra imports the launchers, a single run too, so whatever is heavy is
    imported when a sweep begins.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the composed configuration of the sweep."""
        self.config = config

    @abstractmethod
    def executor(self, folder: Path) -> "Executor":
        """Who carries out the jobs; `folder` is the sweep's.

        Raises:
            ValueError: something that is needed is not there, or a setting of the launcher is wrong.
        """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Check all jobs, run them, end with the comparison.

        Raises:
            SystemExit: with code 1 if a job failed, 2 if a configuration is refused, 130 if the sweep was interrupted.
        """
        from hydra_plugins.isolated._jobs import Jobs
        from saddle.config import ConfigError, check_jobs
        from saddle.processes.ranks import processes, rank_of_process, started_by
        from saddle.runs.commands import program

        root = Path(self.config.hydra.sweep.dir)
        (root / "multirun.yaml").unlink(missing_ok=True)  # Hydra's sweeper leaves it; a job's config.yaml says more
        if initial_job_idx:
            sys.exit("the jobs of a sweep are named and checked together: leave hydra.sweeper.max_batch_size at null")
        if processes() > 1:
            many = f"{started_by()} has started {processes()} processes, and each would be a sweep"
            _refuse(f"{many}: leave -m out, or start the sweep as one process", say=rank_of_process() == 0)
        overrides, hydra, flags = [list(job) for job in job_overrides], self.config.hydra, _flags(self.config)
        try:
            jobs = Jobs(
                overrides=overrides,
                configs=check_jobs(overrides),
                root=root,
                name=OmegaConf.select(self.config, "name"),
                fresh=bool(OmegaConf.select(self.config, "fresh")),
                retry_failed=bool(OmegaConf.select(self.config, "sweep.retry_failed")),
                program=program("train"),
                flags=flags,
                hands_over=not (flags or hydra.job.env_set or hydra.callbacks),  # what Hydra itself does in a job
            )
            executor = self.executor(jobs.folder)
            code = jobs.run(executor)
        except (ConfigError, ValueError, OSError) as error:  # the last: a folder that cannot be written
            _refuse(str(error), say=True)
        if code:
            sys.exit(code)
        done = []
        for job in overrides:
            result = JobReturn(overrides=job, status=JobStatus.COMPLETED)
            result.return_value = None
            done.append(result)
        return done


def _refuse(message: str, say: bool) -> NoReturn:
    if say:
        print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def _flags(config: DictConfig) -> list[str]:
    """What every job must be told as well: where configurations lie, Hydra's keys that are not the sweep's own."""
    flags = get_args_parser().parse_args(sys.argv[1:])
    options = {"--config-path": flags.config_path, "--config-name": flags.config_name, "--config-dir": flags.config_dir}
    own = re.compile(r"[+~]*hydra[./](mode|sweep|sweeper|launcher|run)\b")
    return [
        *(word for option, value in options.items() if value for word in (option, value)),
        *(override for override in config.hydra.overrides.hydra if not own.match(override)),
    ]
