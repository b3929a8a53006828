"""Runs that an agent of Weights & Biases starts. The agent passes two environment variables:

- `WANDB_SWEEP_ID`: the W&B sweep that the agent works for;
- `WANDB_RUN_ID`: the W&B run that this process carries out.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass


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
