"""What was found on every data set whose distribution is known: `python experiments/theory/points.py runs/SWEEP ...`.

Reads the finished runs of sweeps (README.md has their commands) and writes a table of README.md.
"""

import sys
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from saddle.report import readme
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import runs_of

HERE = Path(__file__).resolve().parent
NUMBERS = {
    "JSD": ("jsd_smoothed", "jsd_rounded"),
    "its error": ("jsd_smoothed_error", "jsd_rounded_error"),
    "`jsd_bound`": ("jsd_bound",),
    "error of V": ("value_error",),
    "D from D*": ("distance_to_optimum",),
    "quality": ("quality", "on_support"),
    "TV": ("total_variation",),
}
"""Column -> its readings, of which a run has one at most."""


def main() -> None:
    """Read, and write the table."""
    rows = [_row(run) for sweep in sys.argv[1:] for run in runs_of(Path(sweep)) if run.summary()]
    header = ["data", "penalty", "batch", "updates", "modes", *NUMBERS]
    table = readme.table(header, rows)
    readme.replace(HERE / "README.md", "points", table)
    print(table)


def _row(run: RunFolder) -> list[str]:
    cfg: Any = OmegaConf.create(run.config())
    last: dict[str, float] = {}
    for line in run.metrics():
        last |= line
    facts = (run.summary() or {})["data"]
    found = last.get("modes_covered", last.get("points_covered", 0))
    modes = f"{found:.0f} of {len(facts['modes']) if 'modes' in facts else facts['points']}"
    penalty = f"R1, γ = {cfg.penalty.gamma:g}" if "_target_" in cfg.penalty else "none"
    values = [next((last[key] for key in keys if key in last), None) for keys in NUMBERS.values()]
    return [
        cfg.data._target_.split(".")[-2],
        penalty,
        str(cfg.batch_size),
        f"{cfg.updates:,}",
        modes,
        *("" if each is None else f"{each:.3f}" for each in values),
    ]


if __name__ == "__main__":
    main()
