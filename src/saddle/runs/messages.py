"""What a run says to the person in front of the terminal before and after the training."""

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from omegaconf import DictConfig

from saddle.config.options import option_name
from saddle.runs.commands import in_checkout, typed
from saddle.runs.folder import RunFolder
from saddle.runs.summary import of_images
from saddle.runs.sweep_position import SweepPosition


def show_warnings_as_notes() -> None:
    """A warning of ours is one line for a person; those of the libraries are for their authors."""
    warnings.simplefilter("ignore")
    for ours in (".* generated and .* real images", ".* is left out: class .*"):
        warnings.filterwarnings("default", message=ours)
    warnings.showwarning = lambda message, *_: print(f"note: {message}", file=sys.stderr)


def opening(cfg: DictConfig, data: str, sizes: Mapping[str, int], folder: RunFolder) -> str:
    """What will be trained, on what, and where it goes. `sizes`: the parameters of each network."""
    networks = [f"{name} {size:,}" for name, size in sizes.items()]
    parts = [f"{part} {option_name(cfg, part)}" for part in ("model", "loss") if cfg.get(part)]
    chosen = ", ".join([*parts, f"data {data}"])
    return "\n".join(
        [
            f"training {chosen}; {', '.join(networks)} parameters",
            f"{cfg.updates:,} updates{_steps(cfg)}; {_devices(cfg)}, {cfg.trainer.precision}, seed {cfg.seed}",
            f"into {shown(folder.path)}",
            *(["the networks are compiled in the first update, which takes a minute or more"] if cfg.compiled else []),
        ]
    )


def conditions(classes: Mapping[str, int], rows: int) -> str:
    """On which classes, name -> number of training images, a model is conditional; grids have at most `rows` rows."""
    names = ", ".join(f"{name} ({count:,})" for name, count in list(classes.items())[:rows])
    if len(classes) <= rows:
        return f"conditional on {len(classes)} classes, a row of the grids for each: {names}"
    return f"conditional on {len(classes)} classes; rows of the grids for the first {rows}: {names}"


def closing(folder: RunFolder) -> str:
    """What came out, where it is, and of a single run what to do next; of a sweep its launcher says it once."""
    summary = folder.summary() or {}
    numbers = [
        f"{name} {value['last']:.4g} ({_best(value)})"
        for name, value in summary.get("metrics", {}).items()
        if name == summary["main_metric"]
    ]
    grid = folder.last_grid()
    run = quote(str(shown(folder.path)))
    measure = in_checkout(f"make fid RUN={run}", f"saddle evaluate run={run}")
    again = f"{measure}    " if of_images(summary) else ""
    next_steps = [] if SweepPosition.current() else [f"next: {again}{typed('sample')} run={run} count=64"]
    return "\n".join(
        [
            "; ".join([f"done: {summary['updates']:,} updates in {summary['seconds']:,.0f} s", *numbers]),
            *([f"last grid: {shown(grid)}"] if grid else []),
            *([summary["wandb"]] if summary.get("wandb") else []),
            *next_steps,
        ]
    )


def without_weights(run: RunFolder) -> str:
    """Why a run cannot be drawn from or measured, and what to do about it."""
    status = run.status()
    place, done = shown(run.path), status.details.get("updates")
    said = f"{place} has no weights: it is {status.state}"
    after = f" after {done:,} updates" if isinstance(done, int) and done else ""
    if cause := str(status.details.get("error") or "").partition("\n")[0].rstrip(":"):
        return f"{said} ({cause})"
    if status.state == "running":
        return f"{said}{after}; wait for its end, its grids so far are in {place / 'samples'}"
    if not run.can_go_on():
        return f"{said}; train it to its end"
    return f"{said}{after}; train it to its end: {typed('train')} run={quote(str(place))}"


def shown(path: Path) -> Path:
    """The path as seen from the current directory, where that is shorter."""
    resolved = path.resolve()
    return resolved.relative_to(Path.cwd()) if resolved.is_relative_to(Path.cwd()) else resolved


def _best(metric: Mapping[str, float]) -> str:
    """Of a metric's evaluations, the first of which is of an untrained model."""
    if not metric["best_updates"]:
        return f"worse than before training, {metric['best']:.4g}"
    return f"best {metric['best']:.4g} at update {metric['best_updates']:,}"


def _devices(cfg: DictConfig) -> str:
    count = cfg.trainer.devices
    return f"{cfg.trainer.accelerator} device" if count == 1 else f"{count} {cfg.trainer.accelerator} devices"


def _steps(cfg: DictConfig) -> str:
    """What an update consists of."""
    of_d = "" if cfg.d_steps is None else f", {cfg.d_steps} D step{'s' * (cfg.d_steps > 1)} each"
    return "" if cfg.batch_size is None else f" of {cfg.batch_size} images{of_d}"
