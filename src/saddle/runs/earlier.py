"""What to do where a run's folder is not empty. Imports nothing heavy: a sweep of finished jobs is done at once."""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity
from saddle.runs.messages import closing, shown


def answer_of_earlier_run(cfg: DictConfig, folder: RunFolder) -> int | None:
    """The exit code if the folder already answers the command; None when training begins, in an empty folder.

    A finished run answers the same command, one that did not finish is gone on with from its last checkpoint, and so is
    a finished one that is asked for more updates. A run with other settings is refused by the keys that differ. A run
    without a checkpoint is moved aside, as any is by `fresh=true`.
    """
    with folder.claiming():
        answer = _answer(cfg, folder)
        if answer is None:
            folder.mark("running", updates=0)  # at once: a second command, a moment later, must find it taken
    return answer


def _answer(cfg: DictConfig, folder: RunFolder) -> int | None:
    status = folder.status()
    if status.state == "new" and not folder.exists():
        return None
    if status.state == "running":
        return _refuse(f"{shown(folder.path)} is being trained right now, by process {status.pid} on {status.host}")
    state = "unfinished" if status.state == "new" else status.state
    if cfg.fresh or not folder.can_go_on():
        aside = folder.move_aside() or Path()
        print(f"the {state} run that was here is now {shown(aside)}; training begins again")
        return None
    stored = DictConfig(OmegaConf.create(folder.config()))
    asked, had = identity(cfg), identity(stored)
    more = asked.pop("updates") - had.pop("updates")
    if changed := differences(had, asked):
        return _refuse(
            f"{shown(folder.path)} holds a run ({state}) with other settings ({'; '.join(changed)}): "
            "fresh=true moves it aside and trains anew"
        )
    if status.state == "finished" and more < 0:
        return _refuse(f"{shown(folder.path)} has {stored.updates:,} updates behind it: updates={cfg.updates} is less")
    if status.state == "finished" and more == 0:
        print(f"already finished: {shown(folder.path)}; fresh=true trains it again\n{closing(folder)}")
        return 0
    print(f"going on with the run ({state}) in {shown(folder.path)}; fresh=true would begin again")
    return None


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2
