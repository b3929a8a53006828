"""Passes the configuration of a sweep's job from the launcher, which has checked it, to the job's process.

The resolved configuration is passed as JSON in an environment variable. A job that is started by hand has no such
variable; it composes and checks its own overrides.
"""

import json
import os
import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from saddle.runs.folder import RunFolder

VARIABLE = "SADDLE_JOB_CONFIG"
LONGEST = 100_000
"""Most characters of the variable; Linux allows 131,072."""


def job_variables(cfg: DictConfig, folder: RunFolder) -> dict[str, str]:
    """The variable for a job; empty if the configuration is too long, so that the job composes it again."""
    text = json.dumps([str(folder.path.absolute()), OmegaConf.to_container(cfg, resolve=True)])
    return {VARIABLE: text} if len(text) <= LONGEST else {}


def received() -> tuple[DictConfig, RunFolder] | None:
    """The configuration and folder of this process's job, or None if no launcher passed them.

    The variable is removed from the environment, so that processes started by the job do not see it.
    """
    text = os.environ.pop(VARIABLE, None)
    if text is None or "hydra.mode=RUN" not in sys.argv:  # which every launcher adds
        return None
    folder, config = json.loads(text)
    return DictConfig(config), RunFolder(Path(folder))
