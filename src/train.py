"""Train one model, or with -m every job of a sweep: Hydra in, objects out. `python src/train.py --help` says more."""

import os
import sys

from saddle.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)  # before anything imports torch

import hydra  # noqa: E402  # after the threads are set
from hydra.core.hydra_config import HydraConfig  # noqa: E402
from omegaconf import DictConfig, OmegaConf  # noqa: E402

from saddle.config import ConfigError, help_text, precheck, quote_paths, refuse  # noqa: E402
from saddle.naming import job_names  # noqa: E402
from saddle.runs import RunFolder  # noqa: E402


@hydra.main(version_base=None, config_path="../conf", config_name="train")
def job(cfg: DictConfig) -> None:
    """One run, composed and checked."""
    from saddle.session import run  # imports torch: only when a run really starts

    sys.exit(run(cfg, RunFolder(HydraConfig.get().runtime.output_dir)))


def main() -> None:
    """Read the command line, refuse what is wrong with it, then hand over to Hydra."""
    if {"--help", "-h"} & set(sys.argv[1:]):
        print(help_text())
        return
    sys.argv[1:] = quote_paths(sys.argv[1:])
    OmegaConf.register_new_resolver("single_job", lambda overrides: job_names([list(overrides)])[0])
    try:
        precheck(sys.argv[1:])
    except ConfigError as error:
        refuse(error)
    job()


if __name__ == "__main__":
    main()
