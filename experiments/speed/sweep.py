"""Are jobs side by side slower than one after the other? And how long does a sweep last, beside its jobs' training?

    python experiments/speed/sweep.py       two cores that do nothing else: about 8 minutes

The same two jobs, with `hydra.launcher.jobs=1` and with 2, in turn, three times each: seconds of the whole command. One
pair is so small that only what is around it takes time, the other is the default game. Expected: side by side at most
as long. Writes results/sweep.json and a table of README.md.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from saddle_studies import readme

from saddle.processes.threads import thread_variables
from saddle.runs.environment import describe

HERE = Path(__file__).resolve().parent
TRAIN = [sys.executable, str(HERE.parents[1] / "src" / "train.py"), "-m", "seed=0,1", "logger=none", "fresh=true"]
SWEEPS = {
    "mlp on digits, 2 jobs of 300 updates": ["data=digits", "network=mlp", "updates=300"],
    "the default game, 2 jobs of 100 updates": ["updates=100", "evaluate_images=2000"],
}
ROUNDS = 3


def main() -> None:
    """Measure, and write results and table."""
    threads = thread_variables(side_by_side=1)  # of a process alone; side by side each has its share
    cache = os.environ.get("SADDLE_CACHE", str(HERE.parents[1] / ".cache"))
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ["SADDLE_CACHE"] = cache
        measured = {name: _both(settings) for name, settings in SWEEPS.items()}
    os.environ |= threads
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    (HERE / "results" / "sweep.json").write_text(json.dumps({**measured, **machine}, indent=1) + "\n")
    rows = []
    for name, seconds in measured.items():
        after, beside = (statistics.median(times) for times in seconds.values())
        rows.append([name, f"{after:.1f} s", f"{beside:.1f} s", f"{beside / after:.2f}"])
    table = readme.table(["sweep", "one after the other", "side by side", "ratio"], rows)
    readme.replace(HERE / "README.md", "sweep", table)
    print(table)


def _both(settings: list[str]) -> dict[str, list[float]]:
    """Seconds of the sweep, with one job at a time and with two, a round of both after the other."""
    _seconds([*settings, "hydra.launcher.jobs=2"])  # what is cached
    rounds = [[_seconds([*settings, f"hydra.launcher.jobs={jobs}"]) for jobs in (1, 2)] for _ in range(ROUNDS)]
    return dict(zip(("1", "2"), map(list, zip(*rounds, strict=True)), strict=True))


def _seconds(settings: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([*TRAIN, *settings], check=True, capture_output=True)
    seconds = time.perf_counter() - began
    print(f"{seconds:.1f} s  {' '.join(settings)}", flush=True)
    return seconds


if __name__ == "__main__":
    main()
