"""What to do where a run's folder is not empty. Imports nothing heavy: a sweep of finished jobs is done at once."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from saddle.engine.stored import read_config, stored_config
from saddle.runs.environment import code
from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity
from saddle.runs.messages import closing, shown
from saddle.runs.sweep_position import SweepPosition


def check_existing_run(cfg: DictConfig, folder: RunFolder) -> int | None:
    """The exit code if the folder already answers the command; None when training begins, in an empty folder.

    A finished run answers the same command, one that did not finish is gone on with from its last checkpoint, and so is
    a finished one that is asked for more updates. A run with other settings is refused by the keys that differ. A run
    without a checkpoint is moved aside, as any is by `fresh=true`.

    Raises:
        ValueError: what the folder says of its run was changed by hand.
    """
    with folder.claiming():
        answer = _answer(cfg, folder)
        if answer is None:
            folder.claim()  # at once: a second command, a moment later, must find it taken
    return answer


def _answer(cfg: DictConfig, folder: RunFolder) -> int | None:
    status = folder.status()
    if status.state == "new" and not folder.exists():
        return None
    if status.state == "running":
        return _refuse(f"{shown(folder.path)} is being trained right now, by process {status.pid} on {status.host}")
    state = "unfinished" if status.state == "new" else status.state
    if cfg.fresh or not folder.can_go_on():
        if not folder.has_results():  # nothing that anybody would want to keep
            return None
        aside = folder.move_aside() or Path()
        print(f"the {state} run that was here is now {shown(aside)}; training begins again")
        return None
    stored = stored_config(folder, files=False)
    if refusal := mismatch(cfg, folder):
        return _refuse(refusal)
    if SweepPosition.current() is None and (note := other_code([folder.environment()])):
        print(f"note: {note}", file=sys.stderr)
    if status.state == "finished" and cfg.updates == stored.updates:
        print(f"already finished: {shown(folder.path)}; fresh=true trains it again\n{closing(folder)}")
        return 0
    print(f"going on with the run ({state}) in {shown(folder.path)}; fresh=true would begin again")
    return None


def mismatch(cfg: DictConfig, folder: RunFolder) -> str | None:
    """Why the run that is there cannot be the answer to what is asked; None where it can, or where there is none."""
    if not folder.can_go_on():
        return None
    state = folder.status().state
    stored = stored_config(folder, files=False)
    asked, had = identity(cfg), identity(stored)
    more = asked.pop("updates") - had.pop("updates")
    if changed := differences(had, asked):
        return (
            f"{shown(folder.path)} holds a run ({'unfinished' if state == 'new' else state}) with other settings "
            f"({'; '.join(changed)}): sweep the key to have both, or choose another name=; fresh=true moves the run "
            "that is there aside and trains anew"
        )
    if state == "finished" and more < 0:
        return (
            f"{shown(folder.path)} has {stored.updates:,} updates behind it: updates={cfg.updates} is less; "
            f"run={shown(folder.path)} shows it as it is, fresh=true trains anew"
        )
    return None


def still_asked(cfg: DictConfig, folder: RunFolder) -> bool:
    """Whether the folder's run, however it ended, is the one that `cfg` asks for; one that has not said it is."""
    try:
        return not differences(identity(read_config(folder)), identity(cfg))
    except LookupError:
        return True
    except ValueError:  # changed by hand: the job itself says so
        return False


def other_code(environments: Iterable[Mapping[str, Any] | None]) -> str:
    """Which of these runs, by what they stored of their environment, other code than this has trained; or nothing.

    Of two runs with uncommitted changes nobody knows whether they are the same.
    """
    now = code()
    earlier = [known for known in environments if known and known.get("commit") and now["commit"]]
    names = [_name_of(known) for known in earlier]
    others = Counter(name for name in names if name != _name_of(now))
    if not others:
        return ""
    which = ", ".join(name if len(names) == 1 else f"{name} ({count})" for name, count in others.items())
    runs = "this run was trained" if len(names) == 1 else f"{others.total()} of {len(names)} runs were trained"
    return f"{runs} with other code: commit {which}; now {_name_of(now)}"


def _name_of(known: Mapping[str, Any]) -> str:
    return f"{str(known['commit'])[:7]}{' with changes' if known.get('dirty') else ''}"


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2
