"""How much gradient reaches G under each loss.

    python experiments/slow_at_the_beginning/early_gradients.py runs/SWEEP          no time

Prints, for each job of the sweep, the mean of |dL_G / d theta_G| over stretches of training, from its metrics.jsonl.
"""

import sys
from pathlib import Path
from statistics import mean

from saddle_studies import readme

from saddle.runs.sweep import newest_sweep, runs_of

STRETCHES = ((0, 100), (100, 500), (500, 1000), (1000, 10**9))


def main() -> None:
    """Print the table of the sweep that is named, or of the newest one."""
    sweep = Path(sys.argv[1]) if len(sys.argv) > 1 else newest_sweep()
    rows = []
    for run in runs_of(sweep):
        lines = [line for line in run.metrics() if "gradient_generator" in line]
        means = [
            mean([v["gradient_generator"] for v in lines if a < v["updates"] <= b] or [float("nan")])
            for a, b in STRETCHES
        ]
        rows.append([run.job, *(f"{value:.3g}" for value in means)])
    header = ["job", *(f"{a:,} to {b:,}" if b < 10**9 else f"from {a:,}" for a, b in STRETCHES)]
    print(readme.table(header, rows), end="")


if __name__ == "__main__":
    main()
