"""What a run folder says that its run was."""

import sys

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from saddle.config import check
from saddle.environment import VERSION
from saddle.runs.folder import RunFolder


def stored_config(run: RunFolder, *, files: bool) -> DictConfig:
    """The run's configuration, checked as if it came from a stranger.

    Args:
        run: its folder.
        files: whether the files that it names must be there.

    Raises:
        ValueError: it is not a configuration that this version can build.
    """
    text = run.config()
    if "${" in text:  # it was stored resolved; an interpolation could read this machine's environment
        raise ValueError(f"{run.path / 'config.yaml'} holds an interpolation: it was changed by hand")
    try:
        cfg = OmegaConf.create(text)
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{run.path / 'config.yaml'} is not YAML: it was changed by hand ({reason})") from None
    if not isinstance(cfg, DictConfig):
        raise ValueError(f"{run.path / 'config.yaml'} is not a configuration")
    made = (run.environment() or {}).get("saddle", "0.1.0")  # which did not say so yet
    if made != VERSION:
        print(f"note: {run.path} was made by Saddle {made}, this is {VERSION}", file=sys.stderr)
    check(cfg, files=files)
    return cfg
