"""What to do if a run's folder is not empty. Imports nothing heavy, so that a finished sweep ends at once."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.engine.errors import RunRefusedError
from saddle.engine.stored import read_config, stored_config, upgraded_settings
from saddle.runs.environment import code
from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity
from saddle.runs.messages import closing, shown
from saddle.runs.sweep_position import SweepPosition


def claim_folder(cfg: DictConfig, folder: RunFolder) -> bool:
    """Claim the folder for training that begins or resumes; False if it already contains the finished run.

    An unfinished run is resumed from its last checkpoint, and so is a finished one if `updates` is now larger. A run
    without a checkpoint is moved aside, and so is any run if `fresh` is true.

    Raises:
        RunRefusedError: the folder contains a run with other settings, or one that is being trained right now.
        ValueError: a file in the folder was changed by hand.
        OSError: the folder cannot be written.
    """
    with folder.claiming():
        due = _training_is_due(cfg, folder)
        if due:
            folder.claim(_config_text(cfg, folder))  # inside the lock, so that a second command sees it
    return due


def _require_device(accelerator: str) -> None:
    """Refuse a device that does not exist before the folder is touched; torch is imported only where it must be asked.

    Raises:
        RunRefusedError: there is no such device.
    """
    if accelerator not in ("gpu", "mps"):
        return
    from saddle.engine.devices import require_device

    try:
        require_device(accelerator)
    except ValueError as error:
        raise RunRefusedError(str(error)) from None


def _config_text(cfg: DictConfig, folder: RunFolder) -> str:
    """The configuration with which training begins: `run=` resumes with it even if this command is killed at once."""
    begun = cfg.copy()
    begun.fresh = False
    if cfg.trainer.precision == "auto" and folder.can_resume():
        begun.trainer.precision = read_config(folder).trainer.precision
    return OmegaConf.to_yaml(begun, resolve=True)


def _training_is_due(cfg: DictConfig, folder: RunFolder) -> bool:
    status = folder.status()
    if status.state == "new" and not folder.exists():
        _require_device(cfg.trainer.accelerator)
        return True
    if status.state == "running":
        raise RunRefusedError(
            f"{shown(folder.path)} is being trained right now, by process {status.pid} on {status.host} (last sign "
            f"of life {max(0.0, status.silent):,.0f} s ago). If that process is gone, delete "
            f"{shown(folder.path) / 'status.json'}: the same command then goes on with the run"
        )
    state = "unfinished" if status.state == "new" else status.state
    if cfg.fresh or not folder.can_resume():
        _require_device(cfg.trainer.accelerator)
        if folder.has_results():
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
    _require_device(cfg.trainer.accelerator)
    print(f"resuming the run ({state}) in {shown(folder.path)}; fresh=true would begin again")
    return True


def mismatch(cfg: DictConfig, folder: RunFolder) -> str | None:
    """Why the run in the folder is not the one that `cfg` describes; None if it is, or if there is no run."""
    if not folder.can_resume():
        return None
    state = folder.status().state
    stored = stored_config(folder, files=False)
    wanted, present = identity(cfg), identity(stored)
    additional = wanted.pop("updates") - present.pop("updates")
    if changed := differences(present, wanted):
        return (
            f"{shown(folder.path)} contains a run ({'unfinished' if state == 'new' else state}) with other settings "
            f"({'; '.join(changed)}): sweep the key to have both, or choose another name=; fresh=true moves the "
            "existing run aside and trains again"
        )
    if state == "finished" and additional < 0:
        return (
            f"{shown(folder.path)} already has {stored.updates:,} updates: updates={cfg.updates} is less; "
            f"run={shown(folder.path)} shows the run as it is, fresh=true trains again"
        )
    return None


def holds_same_run(cfg: DictConfig, folder: RunFolder) -> bool:
    """Whether the folder's run, however it ended, is the one that `cfg` describes; true if it stored no settings."""
    try:
        return not differences(identity(read_config(folder)), identity(cfg))
    except LookupError:
        return True
    except ValueError:  # the file was changed by hand, and the job itself says so
        return False


def other_code(environments: Iterable[Mapping[str, Any] | None]) -> str:
    """A sentence about the runs, given by their environments, that another version of the code trained; or nothing.

    Two versions with uncommitted changes may differ although their commits are equal.
    """
    now = code()
    versions = [_version(stored) for stored in environments if stored and stored.get("commit") and now["commit"]]
    others = Counter(version for version in versions if version != _version(now))
    if not others:
        return ""
    commits = ", ".join(name if len(versions) == 1 else f"{name} ({count})" for name, count in others.items())
    runs = "this run was trained" if len(versions) == 1 else f"{others.total()} of {len(versions)} runs were trained"
    return f"{runs} with other code: commit {commits}; now {_version(now)}"


def _version(environment: Mapping[str, Any]) -> str:
    return f"{str(environment['commit'])[:7]}{' with changes' if environment.get('dirty') else ''}"


def state_facts(cfg: DictConfig, digest: dict[str, Any]) -> dict[str, Any]:
    """Facts stored with a state: the digest of the images, the settings, and everything that changes the last bits."""
    return {
        "data": digest,
        # config.yaml might be changed by hand
        "settings": {path: value for path, value in identity(cfg).items() if path != "updates"},
        "threads": int(os.environ["OMP_NUM_THREADS"]),
        "precision": cfg.trainer.precision,
        "devices": cfg.trainer.devices * cfg.trainer.num_nodes,
    }


def require_unchanged(state: dict[str, Any], present: dict[str, Any], updates: int) -> None:
    """Refuse to resume with other images or settings; print a note if the last bits will differ.

    Args:
        state: content of the checkpoint.
        present: `state_facts` of the run that resumes.
        updates: total number of updates in the run.

    Raises:
        RunRefusedError: the images or the settings have changed, or the state is beyond `updates`.
    """
    stored = state["facts"]
    if stored["data"] != present["data"]:
        raise RunRefusedError(
            f"the images have changed since this run began (digest {stored['data']}, now {present['data']}): restore "
            "them, or begin again with fresh=true"
        )
    if changed := differences(upgraded_settings(stored["settings"]), present["settings"]):
        raise RunRefusedError(
            f"config.yaml was changed by hand since the last state was stored ({'; '.join(changed)}): change it back, "
            "or begin again with fresh=true"
        )
    if state["updates"] > updates:
        raise RunRefusedError(f"this run already has {state['updates']:,} updates: updates={updates} is less")
    for key in ("threads", "precision", "devices"):
        if stored[key] != present[key]:
            print(f"note: {key} {stored[key]} before, {present[key]} now: the last bits will differ", file=sys.stderr)


def lacking_lines(folder: RunFolder, state: Mapping[str, Any]) -> str:
    """What the log lacks of a state's run, whose best values would then be wrong; empty if it is whole.

    States of Saddle 0.3 and earlier do not say how many lines the log had.
    """
    count = sum(line["updates"] <= state["updates"] for line in folder.metrics())
    expected = state["facts"].get("log_lines", 0)
    return f"metrics.jsonl has {count} of the {expected} lines that were written before it" if count < expected else ""
