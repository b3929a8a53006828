"""How long does it take from a command to its first update, and to the jobs of a sweep after the first?

    python experiments/speed/start.py       two cores that do nothing else: about 3 minutes

Medians of three: `import pytorch_lightning` alone; `--help`; the default run until it trains and until its first update
is logged; a second and third job of a sweep, from the end of the one before to the first update. The untrained
generator is evaluated before the first update, which is part of the run and not of its start: its seconds are given by
themselves, and the times to the first update with and without them. Writes results/start.json and a table of README.md.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from saddle_studies import readme

from saddle.processes.threads import thread_variables
from saddle.runs.environment import describe

HERE = Path(__file__).resolve().parent
TRAIN = [sys.executable, str(HERE.parents[1] / "src" / "train.py")]
RUN = ["logger=none", "log_every=1", "updates=2"]
ROUNDS = 3


def main() -> None:
    """Measure, and write results and table."""
    os.environ |= thread_variables(side_by_side=1)
    cache = os.environ.get("SADDLE_CACHE", str(HERE.parents[1] / ".cache"))
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ["SADDLE_CACHE"] = cache
        _first_update([*TRAIN, *RUN, "hydra.run.dir=runs/warm"], Path("runs/warm"))  # the data, and what is cached
        imports = _median(lambda: _whole([sys.executable, "-c", "import pytorch_lightning"]))
        shown = _median(lambda: _whole([*TRAIN, "--help"]))
        singles = [_first_update([*TRAIN, *RUN, f"hydra.run.dir=runs/{i}"], Path(f"runs/{i}")) for i in range(ROUNDS)]
        later = _jobs()
    trains, evaluates, first = (statistics.median(times) for times in zip(*singles, strict=True))
    later_first, later_evaluates = (statistics.median(times) for times in zip(*later, strict=True))
    medians = {
        "import pytorch_lightning": imports,
        "--help": shown,
        "a run trains": trains,
        "its first update": first,
        "without the evaluation": first - evaluates,
        "a later job's first update": later_first,
        "that without the evaluation": later_first - later_evaluates,
    }
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    (HERE / "results" / "start.json").write_text(json.dumps({**medians, **machine}, indent=1) + "\n")
    table = readme.table(list(medians), [[f"{seconds:.1f} s" for seconds in medians.values()]])
    readme.replace(HERE / "README.md", "start", table)
    print(table)


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(ROUNDS))


def _whole(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def _first_update(command: Sequence[str], folder: Path) -> tuple[float, float, float]:
    """Seconds until the run has looked at everything, those of its first evaluation, and until its first update."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    trains = _when(lambda: (folder / "metrics.jsonl").exists()) - began
    evaluated = _when(lambda: bool(_log(folder))) - began
    first = _when(lambda: '"updates": 1,' in _log(folder)) - began
    if process.wait():
        raise RuntimeError(f"{' '.join(command)} failed")
    return trains, evaluated - trains, first


def _jobs() -> list[tuple[float, float]]:
    """Seconds from the end of the job before to the first update of a sweep's next job, and of its evaluation."""
    process = subprocess.Popen(
        [*TRAIN, "-m", *RUN, "name=jobs", "seed=0,1,2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seconds = []
    for before, job in (("seed-0", "seed-1"), ("seed-1", "seed-2")):
        began = _when(partial(_finished, before))
        trains = _when(Path("runs/jobs", job, "metrics.jsonl").exists)
        evaluated = _when(partial(_evaluated, job))
        seconds.append((_when(partial(_begun, job)) - began, evaluated - trains))
    process.wait()
    return seconds


def _finished(job: str) -> bool:
    return '"finished"' in _text(Path("runs/jobs", job, "status.json"))


def _evaluated(job: str) -> bool:
    return bool(_log(Path("runs/jobs", job)))


def _begun(job: str) -> bool:
    return '"updates": 1,' in _log(Path("runs/jobs", job))


def _when(happened: Callable[[], bool]) -> float:
    while not happened():
        time.sleep(0.02)
    return time.perf_counter()


def _log(folder: Path) -> str:
    return _text(folder / "metrics.jsonl")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    main()
