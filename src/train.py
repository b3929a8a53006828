"""Train one model, or with -m every job of a sweep: Hydra in, objects out. `python src/train.py --help` says more.

`python src/train.py run=runs/SWEEP/JOB [updates=N]` goes on with a run, to more updates if that is asked for.
"""

import os
import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from saddle.arguments import arguments
from saddle.config import enter
from saddle.distributed.agreement import agreed
from saddle.distributed.process import end_with_parent, misfit, rank_of_process, started_by
from saddle.runs.earlier import answer_of_earlier_run
from saddle.runs.folder import RunFolder
from saddle.runs.naming import job_names
from saddle.runs.place import Place
from saddle.runs.sweep import find_run
from saddle.stored import stored_config
from saddle.threads import thread_variables


@hydra.main(version_base=None, config_path="../conf", config_name="train")
def job(cfg: DictConfig) -> None:
    """One run, composed and checked."""
    sys.exit(carry_out(cfg, RunFolder(HydraConfig.get().runtime.output_dir)))


def carry_out(cfg: DictConfig, folder: RunFolder) -> int:
    """Train what `cfg` says into `folder`, unless what lies there is an answer; the exit code."""
    rank = rank_of_process()
    if mistake := misfit(cfg.trainer.devices, cfg.trainer.num_nodes):
        return _refused(mistake) if rank == 0 else 2
    place = Place.current()
    together = cfg.trainer.devices * (place.side_by_side if place is not None else 1)
    os.environ |= thread_variables(side_by_side=together)  # before anything imports torch
    answer = _answer(cfg, folder) if rank == 0 else None
    if started_by() != "itself":
        answer = agreed(answer)
    if answer is None:
        from saddle.session import assist, run  # imports torch: only when a run really starts

        answer = run(cfg, folder) if rank == 0 else assist(cfg, folder)
    return answer


def _answer(cfg: DictConfig, folder: RunFolder) -> int | None:
    try:
        return answer_of_earlier_run(cfg, folder)
    except (ValueError, OSError) as error:  # a folder that cannot be written, a file in it that someone changed
        print(f"error: {error}", file=sys.stderr)
        return 1


def _refused(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def go_on(argv: list[str]) -> int:
    """Go on with the run that `argv` names; the exit code."""
    given = arguments({"run": "the run's folder", "updates": "how many in all; by default as before"}, argv)
    try:
        folder = find_run(given["run"])
        cfg = stored_config(folder, files=True)
        cfg.updates = _whole(given["updates"]) if "updates" in given else cfg.updates
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    return carry_out(cfg, folder)


def _whole(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ValueError(f"updates={text} takes a whole number above 0")
    return int(text)


def main() -> None:
    """Refuse what is wrong with the command line, then hand over to Hydra."""
    end_with_parent()
    if any(argument.startswith("run=") for argument in sys.argv[1:]):
        sys.exit(go_on(sys.argv))
    OmegaConf.register_new_resolver("single_job", lambda overrides: job_names([list(overrides)])[0])
    sys.argv[1:] = enter(sys.argv[1:])
    job()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before training began
        sys.exit(130)
