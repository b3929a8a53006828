"""A run that an agent of Weights & Biases started. The agent says which it is in two environment variables:

- `WANDB_SWEEP_ID`: the sweep of W&B that it works for;
- `WANDB_RUN_ID`: the run that it began there, and which this process is to carry out.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from saddle.runs.naming import job_names, readable, single_name


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The run `run` of the sweep `sweep` of W&B."""

    sweep: str
    run: str

    @classmethod
    def current(cls, environment: Mapping[str, str] = os.environ) -> "Trial | None":
        """The trial that this process is to carry out; None where no agent started it."""
        sweep, run = environment.get("WANDB_SWEEP_ID"), environment.get("WANDB_RUN_ID")
        return cls(sweep=sweep, run=run) if sweep and run else None

    def place(self, job: str) -> Path:
        """`<sweep>/<job>_<run>`, where it lies under `runs/`.

        A sweep of W&B may ask twice for the same settings, and waits for two runs: each has a folder of its own, so
        that none is found finished without a word to W&B. The same run, begun again, finds its folder.
        """
        return Path(readable(self.sweep)) / f"{job}_{readable(self.run)}"


def single_place(overrides: Sequence[str]) -> str:
    """Where a run that is no job of a sweep is stored, below `runs/`."""
    trial = Trial.current()
    return str(Path("single") / single_name(overrides) if trial is None else trial.place(job_names([overrides])[0]))


def register_places() -> None:
    """Let configurations say `${single_run:OVERRIDES}`, as `conf/train.yaml` does."""
    OmegaConf.register_new_resolver("single_run", single_place, replace=True)
