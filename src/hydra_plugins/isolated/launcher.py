"""Hydra's side of the launcher: what it is given, and what it must return.

Every start of Hydra imports this module, a single run too, so whatever is heavy is imported when a sweep begins.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class IsolatedLauncher(Launcher):
    """Runs each job of a sweep as `python THE_SAME_PROGRAM overrides hydra.mode=RUN hydra.run.dir=runs/<sweep>/<job>`.

    `hydra.mode=RUN`, because a study's yaml says MULTIRUN and its jobs compose that yaml again: without it they would
    start themselves without end.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the composed configuration of the sweep."""
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Check all jobs, run them one after the other, end with the comparison.

        Raises:
            SystemExit: with code 1 if a job failed, 2 if a configuration is refused, 130 if the sweep was interrupted.
        """
        from hydra_plugins.isolated._jobs import Jobs
        from saddle.config import ConfigError, check_jobs

        if initial_job_idx:
            sys.exit("the jobs of a sweep are named and checked together: leave hydra.sweeper.max_batch_size at null")
        overrides = [list(job) for job in job_overrides]
        try:
            check_jobs(overrides)
        except ConfigError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        root = Path(self.config.hydra.sweep.dir)
        (root / "multirun.yaml").unlink(
            missing_ok=True
        )  # Hydra's sweeper leaves it there; a job's config.yaml says more
        jobs = Jobs(
            overrides=overrides,
            root=root,
            name=OmegaConf.select(self.config, "name"),
            fresh=bool(OmegaConf.select(self.config, "fresh")),
            program=[sys.executable, str(Path(sys.argv[0]).resolve())],
            flags=_flags(self.config),
        )
        code = jobs.run()
        if code:
            sys.exit(code)
        done = []
        for job in overrides:
            result = JobReturn(overrides=job, status=JobStatus.COMPLETED)
            result.return_value = None
            done.append(result)
        return done


def _flags(config: DictConfig) -> list[str]:
    """What every job must be told as well: where configurations lie, Hydra's keys that are not the sweep's own."""
    given = get_args_parser().parse_args(sys.argv[1:])
    options = {"--config-path": given.config_path, "--config-name": given.config_name, "--config-dir": given.config_dir}
    own = re.compile(r"[+~]*hydra[./](mode|sweep|sweeper|launcher|run)\b")
    return [
        *(word for option, value in options.items() if value for word in (option, value)),
        *(override for override in config.hydra.overrides.hydra if not own.match(override)),
    ]


ConfigStore.instance().store(
    group="hydra/launcher",
    name="isolated",
    node={"_target_": "hydra_plugins.isolated.launcher.IsolatedLauncher"},
    provider="isolated",
)
