"""Messages of a run to the user, before and after training."""

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from omegaconf import DictConfig

from saddle.config.options import option_name
from saddle.runs.commands import in_checkout, typed
from saddle.runs.contents import VALUES, wrong
from saddle.runs.folder import RunFolder
from saddle.runs.summary import of_images
from saddle.runs.sweep_position import SweepPosition
from saddle.runs.weights import BEST, LAST


def show_warnings_as_notes() -> None:
    """Show Saddle's own warnings as one line each, and none of the libraries' warnings."""
    warnings.simplefilter("ignore")
    for message in (".* generated and .* real images", ".* is left out: class .*"):
        warnings.filterwarnings("default", message=message)
    warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)


def opening(cfg: DictConfig, data: str, sizes: Mapping[str, int], folder: RunFolder) -> str:
    """What is trained on which data, and its folder. `sizes`: number of parameters of each network."""
    networks = [f"{name} {size:,}" for name, size in sizes.items()]
    options = [f"{group} {option_name(cfg, group)}" for group in ("model", "loss") if cfg.get(group)]
    lines = [
        f"training {', '.join([*options, f'data {data}'])}; {', '.join(networks)} parameters",
        f"{cfg.updates:,} updates{_steps(cfg)}; {_devices(cfg)}, {cfg.trainer.precision}, seed {cfg.seed}",
    ]
    if SweepPosition.current() is None:  # of a sweep the launcher has printed all folders
        lines.append(f"into {shown(folder.path)}")
    if cfg.compiled:
        lines.append("the networks are compiled in the first update, which takes a minute or more")
    return "\n".join(lines)


def conditions(classes: Mapping[str, int], rows: int) -> str:
    """The classes of a conditional model, name -> number of training images; grids show at most `rows` of them."""
    names = ", ".join(f"{name} ({count:,})" for name, count in list(classes.items())[:rows])
    if len(classes) <= rows:
        return f"conditional on {len(classes)} classes, a row of the grids for each: {names}"
    return f"conditional on {len(classes)} classes; rows of the grids for the first {rows}: {names}"


def closing(folder: RunFolder) -> str:
    """The result of a run, its files, and for a single run the next commands; a sweep's launcher prints those once."""
    summary = folder.summary() or {}
    run = quote(str(shown(folder.path)))
    lines = [_result(summary) if summary else f"its result is missing: {shown(folder.path) / 'summary.json'}"]
    if (grid := folder.last_grid()) and SweepPosition.current() is None:
        lines.append(f"last grid: {shown(grid)}")
    if summary.get("wandb"):
        lines.append(summary["wandb"])
    if not SweepPosition.current():
        measure = in_checkout(f"make fid RUN={run}    ", f"saddle evaluate run={run}    ") if of_images(summary) else ""
        lines.append(f"next: {measure}{typed('sample')} run={run} count=64")
    return "\n".join(lines)


def _result(summary: Mapping[str, Any]) -> str:
    """Updates, time, and the main metric."""
    line = f"done: {summary.get('updates') or 0:,} updates in {summary.get('seconds') or 0:,.0f} s"
    value = (summary.get("metrics") or {}).get(summary.get("main_metric"))
    if isinstance(value, dict) and not wrong(value, VALUES) and all(value.get(key) is not None for key in VALUES):
        line += f"; {summary['main_metric']} {value['last']:.4g} ({_best(value)})"
    return line


def require_weights(run: RunFolder, state: str) -> None:
    """Refuse a state whose weights are not stored.

    Raises:
        LookupError: the run has stored no weights yet, or none of that state.
        ValueError: `state` is neither a name nor a number.
    """
    if not run.weights.states():
        raise LookupError(without_weights(run))
    run.weights.require(state)


def not_finished(run: RunFolder, state: str) -> str:
    """Which state of a run was used, in parentheses with a space before; nothing for the end of a finished run."""
    updates, status = run.weights.updates(state), run.status().state
    if state == LAST and status == "finished":
        return ""
    after = "" if updates is None else f" after {updates:,} updates"
    name = state if state in (LAST, BEST) else "the state"
    return f" ({name}{after}{'' if status == 'finished' else f'; the run is {status}'})"


def without_weights(run: RunFolder) -> str:
    """Why a run cannot be sampled or measured, and what to do about it."""
    status = run.status()
    path, updates = shown(run.path), status.details.get("updates")
    message = f"{path} has no weights: it is {status.state}"
    after = f" after {updates:,} updates" if isinstance(updates, int) and updates else ""
    if error := status.error:
        return f"{message} ({error})"
    if status.state == "running":
        return f"{message}{after}; wait for its first checkpoint, its grids so far are in {path / 'samples'}"
    if not run.can_resume():
        return f"{message}; train it to its end"
    return f"{message}{after}; train it to its end: {typed('train')} run={quote(str(path))}"


def shown(path: Path) -> Path:
    """The path relative to the current directory if it is inside, else absolute."""
    resolved = path.resolve()
    return resolved.relative_to(Path.cwd()) if resolved.is_relative_to(Path.cwd()) else resolved


def _best(metric: Mapping[str, float]) -> str:
    """The best of a metric's evaluations; the first one is that of the untrained model."""
    if not metric["best_updates"]:
        return f"worse than before training, {metric['best']:.4g}"
    return f"best {metric['best']:.4g} at update {metric['best_updates']:,}"


def _devices(cfg: DictConfig) -> str:
    count = cfg.trainer.devices
    return f"{cfg.trainer.accelerator} device" if count == 1 else f"{count} {cfg.trainer.accelerator} devices"


def _steps(cfg: DictConfig) -> str:
    """What an update consists of."""
    d_steps = "" if cfg.d_steps is None else f", {cfg.d_steps} D step{'s' * (cfg.d_steps > 1)} each"
    return "" if cfg.batch_size is None else f" of {cfg.batch_size} images{d_steps}"
