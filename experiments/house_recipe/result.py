"""The house recipe against the dcgan recipe at equal cost: table, curve, last grids.

    python experiments/house_recipe/result.py sweep=runs/house_recipe

Reads the runs recipe-NAME_seed-S of the sweep and the seconds of an update of experiments/speed/results/costs.json.
Writes results.json, the table of README.md, curve.png and grids.png.
"""

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saddle_studies import readme

from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import t

from saddle.cli.arguments import arguments
from saddle.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
COSTS = HERE.parent / "speed" / "results" / "costs.json"
ALLOWED = {"sweep": "its folder, by default runs/house_recipe"}
RECIPES = ("dcgan", "house")
SEEDS = (0, 1, 2)
METRIC = "fd_faces"
COLOURS = {"dcgan": "#D55E00", "house": "#0072B2"}


def main() -> None:
    """Read, compare, write."""
    sweep = Path(arguments(ALLOWED, sys.argv, __doc__ or "").get("sweep", "runs/house_recipe"))
    if not COSTS.is_file():
        sys.exit(f"error: {COSTS} is missing: python experiments/speed/costs.py measures what an update costs")
    costs = json.loads(COSTS.read_text())["seconds"]
    seconds = {name: costs[f"recipe={name}"][1] for name in RECIPES}  # median
    curves = {name: [_curve(sweep / f"recipe-{name}_seed-{seed}") for seed in SEEDS] for name in RECIPES}
    results = {
        "seconds_per_update": seconds,
        "updates": {name: curves[name][0][-1][0] for name in RECIPES},
        "nominal_seconds": {name: curves[name][0][-1][0] * seconds[name] for name in RECIPES},
        "final": {name: [curve[-1][1] for curve in curves[name]] for name in RECIPES},
        "curves": curves,
    }
    results["share"] = results["nominal_seconds"]["house"] / results["nominal_seconds"]["dcgan"]
    results["reached"] = [
        _reached(curve, end) for curve, end in zip(curves["house"], results["final"]["dcgan"], strict=True)
    ]
    results["difference"] = _interval([b - a for a, b in zip(*results["final"].values(), strict=True)])
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    readme.replace(HERE / "README.md", "results", _table(results))
    _drawn(results).savefig(HERE / "curve.png", dpi=110)
    _grids(sweep).save(HERE / "grids.png", optimize=True)
    print((HERE / "README.md").read_text())


def _curve(folder: Path) -> list[tuple[int, float]]:
    """(update, distance) of each evaluation of a finished run."""
    run = RunFolder(folder)
    if run.status().state != "finished":
        sys.exit(f"error: {folder} is not finished; the sweep is the command in {HERE.name}/README.md")
    return [(line["updates"], line[METRIC]) for line in run.metrics() if METRIC in line]


def _reached(curve: Sequence[tuple[int, float]], distance: float) -> int:
    """Updates at the first evaluation at which the distance is no larger."""
    return next(updates for updates, value in curve if value <= distance)


def _interval(differences: Sequence[float]) -> dict[str, float]:
    """Mean and 95% t interval of paired differences."""
    mean, error = statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5
    half = float(t.ppf(0.975, len(differences) - 1)) * error
    return {"mean": mean, "low": mean - half, "high": mean + half}


def _table(results: dict[str, Any]) -> str:
    rows = []
    for name in RECIPES:
        final = [f"{value:.2f}" for value in results["final"][name]]
        cost = [f"{results['updates'][name]:,}", f"{1e3 * results['seconds_per_update'][name]:.1f} ms"]
        rows.append([f"`{name}`", *cost, f"{results['nominal_seconds'][name]:,.0f} s", *final])
    differences = [f"{b - a:+.2f}" for a, b in zip(*results["final"].values(), strict=True)]
    rows.append(["`house` over `dcgan`", "", "", f"{results['share']:.3f}", *differences])
    title = ["recipe", "updates", "an update", "nominal seconds", *(f"{METRIC}, seed {seed}" for seed in SEEDS)]
    interval, reached = results["difference"], max(results["reached"])
    early = reached * results["seconds_per_update"]["house"] / results["nominal_seconds"]["dcgan"]
    best = ", ".join(f"{min(value for _, value in curve):.1f}" for curve in results["curves"]["dcgan"])
    words = (
        f"Mean of the paired differences {interval['mean']:+.2f}, 95% interval {interval['low']:+.2f} to "
        f"{interval['high']:+.2f} (t, three pairs). After {reached:,} updates, {early:.3f} of its nominal seconds, "
        f"`house` is below the end of `dcgan` with each seed. The best that `dcgan` measured on its way is {best}."
    )
    return f"{readme.table(title, rows)}\n{words}\n"


def _drawn(results: dict[str, Any]) -> Figure:
    """Distance against nominal seconds, a line for each seed."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for name in RECIPES:
        for seed, curve in zip(SEEDS, results["curves"][name], strict=True):
            updates, distances = zip(*curve[1:], strict=True)
            times = [update * results["seconds_per_update"][name] for update in updates]
            label = f"recipe={name}, seeds {', '.join(map(str, SEEDS))}" if seed == SEEDS[0] else None
            axes.plot(times, distances, color=COLOURS[name], marker="o", markersize=3, linewidth=1, label=label)
    fifth = results["nominal_seconds"]["dcgan"] / 5
    axes.axvline(fifth, color="0.6", linewidth=1, linestyle=":")
    axes.annotate(
        "a fifth", (fifth, 1), xycoords=("data", "axes fraction"), xytext=(4, -12), textcoords="offset points"
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="nominal seconds of training, two cores",
        ylabel=f"{METRIC} (smaller is better)",
    )
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(frameon=False)
    return figure


def _grids(sweep: Path) -> Image.Image:
    """The last grids of seed 0, dcgan's to the left."""
    grids = []
    for name in RECIPES:
        last = max((sweep / f"recipe-{name}_seed-0" / "samples").glob("*.png"))
        grids.append(Image.open(last).convert("RGB"))
    height = max(grid.height for grid in grids)
    sheet = Image.new("RGB", (sum(grid.width for grid in grids) + 16, height), "white")
    sheet.paste(grids[0], (0, 0))
    sheet.paste(grids[1], (grids[0].width + 16, 0))
    return sheet


if __name__ == "__main__":
    main()
