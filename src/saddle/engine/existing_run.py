"""What to do where a run's folder is not empty. Imports nothing heavy, so that a finished sweep ends at once."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from saddle.engine.errors import RunRefusedError
from saddle.engine.stored import read_config, stored_config, upgraded_settings
from saddle.runs.environment import code
from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity
from saddle.runs.messages import closing, shown
from saddle.runs.sweep_position import SweepPosition


def claim_folder(cfg: DictConfig, folder: RunFolder) -> bool:
    """Claim the folder for a training that begins or resumes there; False where it holds the finished run already.

    A run that is not finished is resumed from its last checkpoint, and so is a finished one for which `updates` is now
    larger. A run without a checkpoint is moved aside, as any run is by `fresh=true`.

    Raises:
        RunRefusedError: the folder holds a run with other settings, or one that is being trained right now.
        ValueError: a file in the folder was changed by hand.
        OSError: the folder cannot be written.
    """
    with folder.claiming():
        due = _training_is_due(cfg, folder)
        if due:
            folder.claim()  # at once: a second command, a moment later, must find it taken
    return due


def _training_is_due(cfg: DictConfig, folder: RunFolder) -> bool:
    status = folder.status()
    if status.state == "new" and not folder.exists():
        return True
    if status.state == "running":
        raise RunRefusedError(
            f"{shown(folder.path)} is being trained right now, by process {status.pid} on {status.host}"
        )
    state = "unfinished" if status.state == "new" else status.state
    if cfg.fresh or not folder.can_go_on():
        if folder.has_results():  # something that somebody may want to keep
            aside = folder.move_aside() or Path()
            print(f"the {state} run that was here is now {shown(aside)}; training begins again")
        return True
    stored = stored_config(folder, files=False)
    if reason := mismatch(cfg, folder):
        raise RunRefusedError(reason)
    if SweepPosition.current() is None and (note := other_code([folder.environment()])):
        print(f"note: {note}", file=sys.stderr)
    if status.state == "finished" and cfg.updates == stored.updates:
        print(f"already finished: {shown(folder.path)}; fresh=true trains it again\n{closing(folder)}")
        return False
    print(f"resuming the run ({state}) in {shown(folder.path)}; fresh=true would begin again")
    return True


def mismatch(cfg: DictConfig, folder: RunFolder) -> str | None:
    """Why the run in the folder is not the one that `cfg` describes; None where it is, or where there is none."""
    if not folder.can_go_on():
        return None
    state = folder.status().state
    stored = stored_config(folder, files=False)
    wanted, present = identity(cfg), identity(stored)
    more = wanted.pop("updates") - present.pop("updates")
    if changed := differences(present, wanted):
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


def holds_same_run(cfg: DictConfig, folder: RunFolder) -> bool:
    """Whether the folder's run, however it ended, is the one that `cfg` describes; true where it stored no settings."""
    try:
        return not differences(identity(read_config(folder)), identity(cfg))
    except LookupError:
        return True
    except ValueError:  # changed by hand: the job itself says so
        return False


def other_code(environments: Iterable[Mapping[str, Any] | None]) -> str:
    """A sentence that names the runs which another version of the code trained, by their environments; or nothing.

    Two versions with uncommitted changes may differ although their commits are equal.
    """
    now = code()
    earlier = [stored for stored in environments if stored and stored.get("commit") and now["commit"]]
    names = [_name_of(stored) for stored in earlier]
    others = Counter(name for name in names if name != _name_of(now))
    if not others:
        return ""
    which = ", ".join(name if len(names) == 1 else f"{name} ({count})" for name, count in others.items())
    runs = "this run was trained" if len(names) == 1 else f"{others.total()} of {len(names)} runs were trained"
    return f"{runs} with other code: commit {which}; now {_name_of(now)}"


def _name_of(environment: Mapping[str, Any]) -> str:
    return f"{str(environment['commit'])[:7]}{' with changes' if environment.get('dirty') else ''}"


def state_facts(cfg: DictConfig, digest: dict[str, Any]) -> dict[str, Any]:
    """What is stored with a state: the digest of the images, the settings, and what changes the last bits."""
    return {
        "data": digest,
        # config.yaml might be changed by hand
        "settings": {path: value for path, value in identity(cfg).items() if path != "updates"},
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "precision": cfg.trainer.precision,
        "devices": cfg.trainer.devices * cfg.trainer.num_nodes,
    }


def require_unchanged(state: dict[str, Any], known: dict[str, Any], updates: int) -> None:
    """Refuse to resume with other images or settings; say it where the last bits will differ.

    Args:
        state: what the checkpoint holds.
        known: the `state_facts` of the run that resumes.
        updates: total number of updates in the run.

    Raises:
        ValueError: the state is of other images, other settings, or beyond `updates`.
    """
    stored = state["facts"]
    if stored["data"] != known["data"]:
        raise ValueError(
            f"the images have changed since this run began (digest {stored['data']}, now {known['data']}): bring them "
            "back, or begin again with fresh=true"
        )
    if changed := differences(upgraded_settings(stored["settings"]), known["settings"]):
        raise ValueError(
            f"config.yaml was changed by hand since the last state was stored ({'; '.join(changed)}): change it back, "
            "or begin again with fresh=true"
        )
    if state["updates"] > updates:
        raise ValueError(f"this run has {state['updates']:,} updates behind it: updates={updates} is less")
    for what in ("threads", "precision", "devices"):
        if stored[what] != known[what]:
            print(f"note: {what} {stored[what]} before, {known[what]} now: the last bits will differ", file=sys.stderr)
