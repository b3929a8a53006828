"""Sweeps on disk: the runs that belong together, and how runs are found by their paths."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from saddle.runs.commands import in_checkout
from saddle.runs.contents import SWEEP, of_kind
from saddle.runs.folder import RunFolder, read_json, write_json

ROOT = Path("runs")


def write_sweep(folder: Path, content: Mapping[str, Any]) -> None:
    """Store `sweep.json` (`command`, and `name` and `overrides` of each job), which makes the sweep the newest one."""
    write_json(folder / "sweep.json", content)


def read_sweep(folder: Path) -> dict[str, Any]:
    """The content of `sweep.json`; empty for a folder of single runs.

    Raises:
        ValueError: the file was changed by hand.
    """
    path = folder / "sweep.json"
    return of_kind(read_json(path) or {}, SWEEP, path)


def jobs_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The jobs that `sweep.json` lists, by name and in its order.

    Raises:
        ValueError: the file was changed by hand.
    """
    jobs = [job or {} for job in read_sweep(folder).get("jobs") or []]
    if any(not job.get("name") or Path(job["name"]).name != job["name"] for job in jobs):
        raise ValueError(f"{folder / 'sweep.json'}: a job has no name of a folder: the file was changed by hand")
    return {job["name"]: job for job in jobs}


def newest_sweep(root: Path = ROOT) -> Path:
    """The folder of the sweep that was started or ended last.

    Raises:
        LookupError: `root` contains no sweep.
    """
    sweeps = sorted(root.glob("*/sweep.json"), key=lambda path: path.stat().st_mtime_ns)
    if not sweeps:
        single = root / "single"
        hint = f"; for single runs: sweep={single}" if single.is_dir() else ""
        command = in_checkout("make sweep", "saddle train -m")
        raise LookupError(f"there is no sweep under {root.resolve()} yet: `{command}` makes one{hint}")
    return sweeps[-1].parent


def runs_of(sweep: Path) -> list[RunFolder]:
    """The runs of a sweep in the order of its jobs, then all other runs in its folder except those moved aside.

    Raises:
        LookupError: `sweep` is no folder, or contains no run.
    """
    if not sweep.is_dir():
        raise LookupError(f"there is no folder {sweep}{_nearest(sweep)}")
    if RunFolder(sweep).exists():
        raise LookupError(f"{sweep} is one run, not a sweep: its sweep is sweep={sweep.parent}")
    listed = [sweep / name for name in jobs_of(sweep)]
    others = sorted(path for path in sweep.iterdir() if path.is_dir() and path not in listed)
    folders = [RunFolder(path) for path in [*listed, *others] if not path.suffix.startswith(".old")]
    runs = [run for run in folders if run.exists()]
    if not runs:
        sweeps = [path.name for path in others if any(RunFolder(job).exists() for job in path.iterdir())]
        hint = f"; it contains the sweeps {', '.join(sweeps)}: choose one of them" if sweeps else ""
        raise LookupError(
            f"{sweep} contains no run: a sweep's folder is runs/<sweep>, with one folder for each job{hint}"
        )
    return runs


def finished_runs(sweep: Path) -> list[RunFolder]:
    """The finished runs of a sweep.

    Raises:
        LookupError: no run is finished.
    """
    runs = runs_of(sweep)
    states = [_state(run) for run in runs]
    finished = [run for run, state in zip(runs, states, strict=True) if state == "finished"]
    if not finished:
        listed = ", ".join(f"{run.job} ({state})" for run, state in zip(runs, states, strict=True))
        raise LookupError(f"no run of {sweep} has finished yet: {listed}")
    return finished


def _state(run: RunFolder) -> str:
    """The state of a run, or why it is unknown, of which a line on stderr tells."""
    try:
        return run.status().state
    except (ValueError, OSError) as error:
        print(f"note: {error}", file=sys.stderr)
        return f"unreadable: {error}"


def find_run(path: str | Path) -> RunFolder:
    """The run in the folder `path`.

    Raises:
        LookupError: the folder is no run's; the message names the nearest one.
    """
    run = RunFolder(Path(path).expanduser())
    if run.exists():
        return run
    if parent := next((folder for folder in run.path.parents if RunFolder(folder).exists()), None):
        raise LookupError(f"{run.path} is not a run's folder, but in one; did you mean {parent}?")
    if not run.path.is_dir():
        raise LookupError(f"there is no folder {run.path}{_nearest(run.path) or _no_name(run.path)}")
    runs = sorted(child.name for child in run.path.iterdir() if RunFolder(child).exists())
    hint = f"; it contains the runs {', '.join(runs)}: choose one of them" if runs else ""
    raise LookupError(f"{run.path} is not a run's folder: it has no config.yaml{hint}")


def _no_name(path: Path) -> str:
    """For a word that is not a path: what a run is called by, and how a new one is named."""
    return "" if len(path.parts) > 1 else f"; a run is named by its folder, runs/SWEEP/JOB; name={path} names a new one"


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    folders = [child.name for child in path.parent.iterdir() if child.is_dir()]
    near = get_close_matches(path.name, folders, n=1, cutoff=0.5)
    return f"; did you mean {path.parent / near[0]}?" if near else ""
