"""A run on the command line: how it ends becomes a message and an exit code."""

import os
import sys
import traceback

from omegaconf import DictConfig

from saddle.distributed.agreement import agreed
from saddle.engine.errors import RunFailedError, RunInterrupted, RunRefusedError
from saddle.engine.existing_run import claim_folder
from saddle.processes.ranks import mismatch, rank_of_process, started_by
from saddle.processes.streams import lasting_streams
from saddle.processes.threads import thread_variables
from saddle.runs.folder import RunFolder
from saddle.runs.sweep_position import SweepPosition


def carry_out(cfg: DictConfig, folder: RunFolder) -> int:
    """Train what `cfg` describes into `folder`, unless it holds the finished run already; the exit code.

    0 is for a finished run, 1 for one that failed, 2 for one that was refused, 130 for one that was interrupted.
    """
    rank = rank_of_process()
    if mistake := mismatch(cfg.trainer.devices, cfg.trainer.num_nodes):
        return reported(RunRefusedError(mistake)) if rank == 0 else 2
    position = SweepPosition.current()
    side_by_side = cfg.trainer.devices * (position.side_by_side if position is not None else 1)
    os.environ |= thread_variables(side_by_side=side_by_side)  # before anything imports torch
    with lasting_streams():
        code = _claim(cfg, folder) if rank == 0 else None
        if started_by() != "itself":
            code = agreed(code)
        return _train(cfg, folder, rank) if code is None else code


def _claim(cfg: DictConfig, folder: RunFolder) -> int | None:
    """None where training is due, or the exit code."""
    try:
        return None if claim_folder(cfg, folder) else 0
    except (ValueError, OSError) as error:  # a folder that cannot be written, a file in it that someone changed
        return reported(error)


def _train(cfg: DictConfig, folder: RunFolder, rank: int) -> int:
    try:
        from saddle.engine.experiment import Experiment  # imports torch: only when a run really starts
        from saddle.engine.session import assist, run
    except KeyboardInterrupt:
        if rank == 0:
            folder.interrupt()
        raise
    experiment = Experiment(cfg, folder)
    if rank:
        return assist(experiment)
    try:
        run(experiment)
    except (RunFailedError, RunInterrupted) as error:
        return reported(error)
    return 0


def reported(error: BaseException) -> int:
    """Print what an error says; the exit code."""
    if isinstance(error, RunInterrupted):
        print(error, file=sys.stderr)
        return 130
    if isinstance(error, RunFailedError) and not error.expected:
        traceback.print_exception(error.__cause__)
    print(f"error: {error}", file=sys.stderr)
    return 2 if isinstance(error, RunRefusedError) else 1
