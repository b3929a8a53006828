"""What the launcher passes to the process of a sweep's job, in environment variables:

- `SADDLE_JOB`: "2/5" for the second of five jobs;
- `SADDLE_JOBS_TO_COME`: number of jobs that will be trained one after the other in the same slot after this one;
- `SADDLE_SIDE_BY_SIDE`: number of the sweep's jobs that share this machine at a time;
- `SADDLE_JOB_BEGAN`: time at which the job was started or submitted, in seconds since 1970;
- `SADDLE_JOB_CONFIG`: the resolved and checked configuration as JSON; without it, a job composes and checks its own.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from saddle.runs.folder import RunFolder

CONFIG = "SADDLE_JOB_CONFIG"
LONGEST = 100_000
"""Most characters of that variable; Linux allows 131,072."""


@dataclass(frozen=True, kw_only=True)
class SweepPosition:
    """Position of a job in its sweep: number `job` (from 1) of `jobs`; the other fields as in the variables above."""

    job: int
    jobs: int
    to_come: int
    side_by_side: int
    began: float

    @classmethod
    def current(cls, environment: Mapping[str, str] = os.environ) -> "SweepPosition | None":
        """The position of this process's job; None for a single run."""
        if "SADDLE_JOB" not in environment:
            return None
        job, _, jobs = environment["SADDLE_JOB"].partition("/")
        return cls(
            job=int(job),
            jobs=int(jobs),
            to_come=int(environment["SADDLE_JOBS_TO_COME"]),
            side_by_side=int(environment["SADDLE_SIDE_BY_SIDE"]),
            began=float(environment["SADDLE_JOB_BEGAN"]),
        )

    def environment(self) -> dict[str, str]:
        """The environment variables for the job."""
        return {
            "SADDLE_JOB": f"{self.job}/{self.jobs}",
            "SADDLE_JOBS_TO_COME": str(self.to_come),
            "SADDLE_SIDE_BY_SIDE": str(self.side_by_side),
            "SADDLE_JOB_BEGAN": str(self.began),
        }

    def left(self, job_left: float, job_total: float) -> float:
        """Seconds left for the sweep, if each job to come takes as long as this one.

        Args:
            job_left: seconds that this job still needs.
            job_total: seconds that this job takes in total.
        """
        return job_left + self.to_come * job_total


def job_variables(cfg: DictConfig, folder: RunFolder) -> dict[str, str]:
    """The variable for a job; empty if the configuration is too long, so that the job composes it again."""
    text = json.dumps([str(folder.path.absolute()), OmegaConf.to_container(cfg, resolve=True)])
    return {CONFIG: text} if len(text) <= LONGEST else {}


def received() -> tuple[DictConfig, RunFolder] | None:
    """The configuration and folder of this process's job, or None if no launcher started this command.

    The variable is removed from the environment, so that processes started by the job do not see it.
    """
    text = os.environ.pop(CONFIG, None)
    if text is None or "hydra.mode=RUN" not in sys.argv:  # which every launcher adds
        return None
    folder, config = json.loads(text)
    return DictConfig(config), RunFolder(Path(folder))
