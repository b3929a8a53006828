"""What to do where a run's folder is not empty. Imports nothing heavy: a sweep of finished jobs is done at once."""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity
from saddle.runs.messages import closing, shown


def answer_of_earlier_run(cfg: DictConfig, folder: RunFolder) -> int | None:
    """The exit code if the folder already answers the command; None when training begins, in an empty folder.

    A finished run answers the same command and refuses another one by the keys that differ; `fresh=true` moves it
    aside, as every run that did not finish is moved.
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
    if status.state == "finished" and not cfg.fresh:
        stored = DictConfig(OmegaConf.create(folder.config()))
        if changed := differences(identity(stored), identity(cfg)):
            return _refuse(
                f"{shown(folder.path)} holds a finished run with other settings ({'; '.join(changed)}): "
                "fresh=true moves it aside and trains anew"
            )
        print(f"already finished: {shown(folder.path)}; fresh=true trains it again\n{closing(folder)}")
        return 0
    aside = folder.move_aside() or Path()
    state = "unfinished" if status.state == "new" else status.state
    print(f"the {state} run that was here is now {shown(aside)}; training begins again")
    return None


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2
