"""A sweep on disk: which runs belong together, and where the newest ones are."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from saddle.runs.commands import in_checkout
from saddle.runs.folder import RunFolder, replace_file

ROOT = Path("runs")


def write_sweep(folder: Path, content: Mapping[str, Any]) -> None:
    """Store `sweep.json`, and so mark the sweep as the newest: `command`, each job's `name` and `overrides`."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    replace_file(folder / "sweep.json", lambda file: file.write(text.encode()))


def read_sweep(folder: Path) -> dict[str, Any]:
    """What `sweep.json` says; empty for a folder of single runs.

    Raises:
        ValueError: it was changed by hand.
    """
    path = folder / "sweep.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}): it was changed by hand or by a failing disk") from None
    return content


def jobs_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The jobs that `sweep.json` lists, by name and in its order."""
    return {job["name"]: job for job in read_sweep(folder).get("jobs", [])}


def newest_sweep(root: Path = ROOT) -> Path:
    """The folder of the sweep that was started or ended last.

    Raises:
        LookupError: there is none under `root`.
    """
    sweeps = sorted(root.glob("*/sweep.json"), key=lambda path: path.stat().st_mtime_ns)
    if not sweeps:
        single = root / "single"
        others = f"; for single runs: sweep={single}" if single.is_dir() else ""
        start = in_checkout("make sweep", "saddle train -m")
        raise LookupError(f"there is no sweep under {root.resolve()} yet: `{start}` makes one{others}")
    return sweeps[-1].parent


def runs_of(sweep: Path) -> list[RunFolder]:
    """The runs of a sweep in the order of its jobs, then runs that earlier commands left there; not those moved aside.

    Raises:
        LookupError: `sweep` is no folder, or holds no run.
    """
    if not sweep.is_dir():
        raise LookupError(f"there is no folder {sweep}{_nearest(sweep)}")
    if RunFolder(sweep).exists():
        raise LookupError(f"{sweep} is one run, not a sweep: its sweep is sweep={sweep.parent}")
    listed = [sweep / name for name in jobs_of(sweep)]
    others = sorted(path for path in sweep.iterdir() if path.is_dir() and path not in listed)
    runs = [RunFolder(path) for path in [*listed, *others] if not path.suffix.startswith(".old")]
    found = [run for run in runs if run.exists()]
    if not found:
        inside = [path.name for path in others if any(RunFolder(job).exists() for job in path.iterdir())]
        hint = f"; it holds the sweeps {', '.join(inside)}: choose one of them" if inside else ""
        raise LookupError(f"{sweep} holds no run: a sweep's folder is runs/<sweep>, with one folder for each job{hint}")
    return found


def finished_runs(sweep: Path) -> list[RunFolder]:
    """The runs of a sweep that ended well.

    Raises:
        LookupError: none did.
    """
    runs = runs_of(sweep)
    finished = [run for run in runs if run.status().state == "finished"]
    if not finished:
        states = ", ".join(f"{run.job} ({run.status().state})" for run in runs)
        raise LookupError(f"no run of {sweep} has finished yet: {states}")
    return finished


def find_run(path: str | Path) -> RunFolder:
    """The run in the folder `path`.

    Raises:
        LookupError: there is none; the message names what is near.
    """
    run = RunFolder(Path(path).expanduser())
    if run.exists():
        return run
    if around := next((above for above in run.path.parents if RunFolder(above).exists()), None):
        raise LookupError(f"{run.path} is not a run's folder, but in one; did you mean {around}?")
    if not run.path.is_dir():
        raise LookupError(f"there is no folder {run.path}{_nearest(run.path)}")
    inside = sorted(child.name for child in run.path.iterdir() if RunFolder(child).exists())
    hint = f"; it holds the runs {', '.join(inside)}: choose one of them" if inside else ""
    raise LookupError(f"{run.path} is not a run's folder: it has no config.yaml{hint}")


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    folders = [child.name for child in path.parent.iterdir() if child.is_dir()]
    near = get_close_matches(path.name, folders, n=1, cutoff=0.3)
    return f"; did you mean {path.parent / near[0]}?" if near else ""
