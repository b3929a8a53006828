"""Trains a run for the command line, and turns its end into a message and an exit code."""

import os
import sys
import traceback

from omegaconf import DictConfig

from saddle.distributed.agreement import agreed
from saddle.engine.errors import RunFailedError, RunInterrupted, RunRefusedError
from saddle.engine.existing_run import claim_folder
from saddle.processes.ranks import mismatch, rank_of_process, started_by
from saddle.processes.streams import lasting_streams, printable
from saddle.processes.threads import thread_variables
from saddle.runs.folder import RunFolder
from saddle.runs.sweep_position import SweepPosition


def carry_out(cfg: DictConfig, folder: RunFolder) -> int:
    """Train the run of `cfg` into `folder`, unless the folder already contains the finished run.

    Returns:
        Exit code: 0 for a finished run, 1 for a failed one, 2 for a refused one, 130 for an interrupted one.
    """
    rank = rank_of_process()
    if mistake := mismatch(cfg.trainer.devices, cfg.trainer.num_nodes):
        return reported(RunRefusedError(mistake)) if rank == 0 else 2
    position = SweepPosition.current()
    side_by_side = cfg.trainer.devices * (position.side_by_side if position is not None else 1)
    os.environ |= thread_variables(side_by_side=side_by_side)  # before anything imports torch
    with lasting_streams():
        code = None
        if rank == 0:
            try:
                code = None if claim_folder(cfg, folder) else 0
            except (ValueError, OSError) as error:  # the folder cannot be written, or a file was changed by hand
                code = reported(error)
        if started_by() != "itself":
            code = agreed(code)
        return _train(cfg, folder, rank) if code is None else code


def _train(cfg: DictConfig, folder: RunFolder, rank: int) -> int:
    try:
        from saddle.engine.experiment import Experiment  # these import torch, so only when a run starts
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
    except (RunFailedError, RunInterrupted, RunRefusedError) as error:
        return reported(error)
    return 0


def reported(error: BaseException) -> int:
    """Print the message of an error, and return the exit code."""
    if isinstance(error, RunInterrupted):
        print(printable(str(error)), file=sys.stderr)
        return 130
    if isinstance(error, RunFailedError) and not error.expected:
        traceback.print_exception(error.__cause__)
    print(f"error: {printable(str(error))}", file=sys.stderr)
    return 2 if isinstance(error, RunRefusedError) else 1
