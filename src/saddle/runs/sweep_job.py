"""The configuration of a sweep's job, which the launcher has composed and checked, on its way to the job's process.

It travels as JSON in an environment variable, with all references resolved. A job that is started by hand has no such
variable, and composes and checks its overrides itself.
"""

import json
import os
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from saddle.runs.folder import RunFolder

VARIABLE = "SADDLE_JOB_CONFIG"
LONGEST = 100_000
"""Characters; Linux takes 131,072 in one variable."""


def handed_over(cfg: DictConfig, folder: RunFolder) -> dict[str, str]:
    """The variable for a job; nothing for a configuration that is too long, which the job then composes again."""
    text = json.dumps([str(folder.path.absolute()), OmegaConf.to_container(cfg, resolve=True)])
    return {VARIABLE: text} if len(text) <= LONGEST else {}


def received() -> tuple[DictConfig, RunFolder] | None:
    """The configuration and the folder of the job that this process is; None where nobody has handed one over.

    The variable is taken out of the environment: a process that the job starts is another command.
    """
    text = os.environ.pop(VARIABLE, None)
    if text is None:
        return None
    folder, config = json.loads(text)
    return DictConfig(config), RunFolder(Path(folder))
