"""Train one model, or with -m every job of a sweep: Hydra in, objects out. `python src/train.py --help` says more."""

import os
import sys

from saddle.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)  # before anything imports torch

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from saddle.config import enter
from saddle.runs.earlier import answer_of_earlier_run
from saddle.runs.folder import RunFolder
from saddle.runs.naming import job_names


@hydra.main(version_base=None, config_path="../conf", config_name="train")
def job(cfg: DictConfig) -> None:
    """One run, composed and checked."""
    folder = RunFolder(HydraConfig.get().runtime.output_dir)
    try:
        answer = answer_of_earlier_run(cfg, folder)
    except (ValueError, OSError) as error:  # a folder that cannot be written, a file in it that someone changed
        sys.exit(f"error: {error}")
    if answer is None:
        from saddle.session import run  # imports torch: only when a run really starts

        answer = run(cfg, folder)
    sys.exit(answer)


def main() -> None:
    """Refuse what is wrong with the command line, then hand over to Hydra."""
    OmegaConf.register_new_resolver("single_job", lambda overrides: job_names([list(overrides)])[0])
    sys.argv[1:] = enter(sys.argv[1:])
    job()


if __name__ == "__main__":
    main()
