"""Train one model, or with -m every job of a sweep: Hydra in, objects out. `python src/train.py --help` says more."""

import os
import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from saddle.config import enter
from saddle.distributed.process import end_with_parent, rank_of_process
from saddle.runs.earlier import answer_of_earlier_run
from saddle.runs.folder import RunFolder
from saddle.runs.naming import job_names
from saddle.threads import thread_variables


@hydra.main(version_base=None, config_path="../conf", config_name="train")
def job(cfg: DictConfig) -> None:
    """One run, composed and checked."""
    rank = rank_of_process()
    folder = RunFolder(HydraConfig.get().runtime.output_dir)
    try:
        answer = answer_of_earlier_run(cfg, folder) if rank == 0 else None
    except (ValueError, OSError) as error:  # a folder that cannot be written, a file in it that someone changed
        sys.exit(f"error: {error}")
    if answer is None:
        os.environ |= thread_variables(side_by_side=cfg.trainer.devices)  # before anything imports torch
        from saddle.session import assist, run  # imports torch: only when a run really starts

        answer = run(cfg, folder) if rank == 0 else assist(cfg)
    sys.exit(answer)


def main() -> None:
    """Refuse what is wrong with the command line, then hand over to Hydra."""
    end_with_parent()
    OmegaConf.register_new_resolver("single_job", lambda overrides: job_names([list(overrides)])[0])
    sys.argv[1:] = enter(sys.argv[1:])
    job()


if __name__ == "__main__":
    main()
