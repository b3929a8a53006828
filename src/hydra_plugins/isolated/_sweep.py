"""The common part of Saddle's launchers: check all jobs, run them, and compare them."""

import re
import sys
from abc import abstractmethod
from collections import Counter
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

    A study's yaml sets MULTIRUN and its jobs compose that yaml again, so without `hydra.mode=RUN` they would start
    themselves without end. Hydra imports the launchers for single runs too, so heavy imports wait until a sweep begins.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store the composed configuration of the sweep."""
        self.config = config

    @abstractmethod
    def executor(self, folder: Path) -> "Executor":
        """The executor of the jobs; `folder` is the sweep's.

        Raises:
            ValueError: a package is missing, or a setting of the launcher is wrong.
        """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Check all jobs, run them, and compare them.

        Raises:
            SystemExit: with code 1 if a job failed, 2 if a configuration is refused, 130 if the sweep was interrupted.
        """
        from hydra_plugins.isolated._jobs import Jobs
        from saddle.config import ConfigError, check_jobs
        from saddle.processes.ranks import processes, rank_of_process, started_by
        from saddle.runs.commands import program

        root = Path(self.config.hydra.sweep.dir)
        (root / "multirun.yaml").unlink(missing_ok=True)  # written by Hydra's sweeper; the jobs' config.yaml has more
        if initial_job_idx:
            sys.exit("the jobs of a sweep are named and checked together: leave hydra.sweeper.max_batch_size at null")
        if processes() > 1:
            cause = f"{started_by()} has started {processes()} processes, and each would be a sweep"
            _refuse(f"{cause}: leave -m out, or start the sweep as one process", say=rank_of_process() == 0)
        overrides, hydra, flags = [list(job) for job in job_overrides], self.config.hydra, _flags(self.config)
        try:
            configs = check_jobs(overrides)
            _print_hints(configs)
            jobs = Jobs(
                overrides=overrides,
                configs=configs,
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
        except (ConfigError, ValueError, OSError) as error:  # OSError: a folder that cannot be written
            _refuse(str(error), say=True)
        if code:
            sys.exit(code)
        return [JobReturn(overrides=job, status=JobStatus.COMPLETED, _return_value=None) for job in overrides]


def _print_hints(configs: Sequence[DictConfig]) -> None:
    """Print each hint once, with the number of jobs that it concerns."""
    from saddle.config import hints

    counts = Counter(hint for cfg in configs for hint in hints(cfg))
    for hint, count in counts.items():
        which = "all jobs" if count == len(configs) else f"{count} of {len(configs)} jobs"
        print(f"note: {hint} ({which})", file=sys.stderr, flush=True)


def _refuse(message: str, say: bool) -> NoReturn:
    if say:
        print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def _flags(config: DictConfig) -> list[str]:
    """Arguments that every job shares: the paths of configurations, and Hydra's keys except those of the sweep."""
    flags = get_args_parser().parse_args(sys.argv[1:])
    options = {"--config-path": flags.config_path, "--config-name": flags.config_name, "--config-dir": flags.config_dir}
    sweep_keys = re.compile(r"[+~]*hydra[./](mode|sweep|sweeper|launcher|run)\b")
    return [
        *(word for option, value in options.items() if value for word in (option, value)),
        *(override for override in config.hydra.overrides.hydra if not sweep_keys.match(override)),
    ]
