"""Runs that an agent of Weights & Biases starts. The agent passes two environment variables:

- `WANDB_SWEEP_ID`: the W&B sweep that the agent works for;
- `WANDB_RUN_ID`: the W&B run that this process carries out.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from saddle.runs.naming import job_names, readable, single_name


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The run `run` of the W&B sweep `sweep`."""

    sweep: str
    run: str

    @classmethod
    def current(cls, environment: Mapping[str, str] = os.environ) -> "Trial | None":
        """The trial that this process carries out; None if no agent started it."""
        sweep, run = environment.get("WANDB_SWEEP_ID"), environment.get("WANDB_RUN_ID")
        return cls(sweep=sweep, run=run) if sweep and run else None

    def folder(self, job: str) -> Path:
        """The run's folder below `runs/`, `<sweep>/<job>_<run>`.

        A W&B sweep may request the same settings twice and expects two runs, so each W&B run has its own folder. A
        W&B run that is started again finds its folder.
        """
        return Path(readable(self.sweep)) / f"{job}_{readable(self.run)}"


def single_folder(overrides: Sequence[str]) -> str:
    """The folder below `runs/` of a run outside a sweep."""
    trial = Trial.current()
    return str(Path("single") / single_name(overrides) if trial is None else trial.folder(job_names([overrides])[0]))


def register_resolvers() -> None:
    """Define `${single_run:OVERRIDES}`, which `conf/train.yaml` uses."""
    OmegaConf.register_new_resolver("single_run", single_folder, replace=True)
