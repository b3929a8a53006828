"""Which job of how many a process is. The launcher says it in four environment variables:

- `SADDLE_JOB`: "2/5", the second of five jobs;
- `SADDLE_JOBS_TO_COME`: "1", how many jobs will still be trained in its place, one after the other, when it is done;
- `SADDLE_SIDE_BY_SIDE`: "2", how many jobs of the sweep share this machine at a time;
- `SADDLE_JOB_BEGAN`: "1767225600.25", when it was started or submitted, in seconds since 1970.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SweepPosition:
    """A job's place in its sweep: number `job` (from 1) of `jobs`, with `to_come` after it in its place.

    Attributes:
        side_by_side: jobs that share this machine's cores at a time, this one among them.
        began: when the job was started or submitted, in seconds since 1970.
    """

    job: int
    jobs: int
    to_come: int
    side_by_side: int
    began: float

    @classmethod
    def current(cls, environment: Mapping[str, str] = os.environ) -> "SweepPosition | None":
        """The place of this process; None for a single run."""
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
        """The variables that say it."""
        return {
            "SADDLE_JOB": f"{self.job}/{self.jobs}",
            "SADDLE_JOBS_TO_COME": str(self.to_come),
            "SADDLE_SIDE_BY_SIDE": str(self.side_by_side),
            "SADDLE_JOB_BEGAN": str(self.began),
        }

    def left(self, own_left: float, own_whole: float) -> float:
        """Seconds left for the sweep, if each job to come takes as long as this one.

        Args:
            own_left: seconds that this job still needs.
            own_whole: seconds that it takes from beginning to end.
        """
        return own_left + self.to_come * own_whole
