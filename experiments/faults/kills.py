"""Is a resumed run the run that was never interrupted? Kills at random moments, each resumed and compared bit for bit.

    python experiments/faults/kills.py [kills=50] [seed=0] [only=WORDS]       two cores: about 10 minutes

For each case (networks, k, precision, data in memory or mapped from a file, W devices) one run is left alone; others of
the same settings are killed with SIGKILL once or twice, at moments spread over the whole run, whatever they are doing
then, and started again by the same command. Of W processes one is killed, any of them, and the others must end by
themselves. Expected: parameters, buffers, optimisers, averages, metrics and grids are the same bits every time. Writes
results/kills.json and a table of README.md; ends with 1 if one differs.

A killed run is a process of its own, or W of them, forked from one that has imported everything: that is what makes
fifty affordable.
"""

import ctypes
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from saddle_studies import readme

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from saddle.cli.arguments import arguments
from saddle.cli.training import carry_out
from saddle.config.keys import CONF
from saddle.engine import session  # noqa: F401  # imported here once, for all the processes that are forked
from saddle.noise import generator
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
ALLOWED = {
    "kills": "how many, by default 50",
    "seed": "of the moments, by default 0",
    "only": "cases whose name has these words",
}
COMMON = ["logger=none", "batch_size=16", "sample_images=4", "evaluate_images=60", "updates=120"]
EVERY = ["log_every=7", "sample_every=10", "evaluate_every=9", "checkpoint_every=4"]
CASES = {
    "digits, mlp, k = 1, fp32": ["data=digits", "resolution=8", "network=mlp", "trainer.precision=32-true"],
    "digits, dcgan spectral, k = 2, bf16": ["data=digits", "resolution=8", "d_steps=2", "trainer.precision=bf16-mixed"],
    "digits, dcgan batch norm, k = 1, bf16": [
        "data=digits",
        "resolution=8",
        "network.discriminator.norm=batch",
        "trainer.precision=bf16-mixed",
    ],
    "own images mapped from a file, dcgan, k = 3, fp32": [
        "data=folder",
        "data.root=pictures",
        "resolution=16",
        "d_steps=3",
        "average_half_life=null",
        "trainer.precision=32-true",
    ],
    "digits, mlp, k = 2, fp32, W = 2": [
        "data=digits",
        "resolution=8",
        "network=mlp",
        "d_steps=2",
        "trainer.precision=32-true",
        "trainer.devices=2",
    ],
    "digits, dcgan batch norm, k = 1, bf16, W = 4": [
        "data=digits",
        "resolution=8",
        "network.discriminator.norm=batch",
        "trainer.precision=bf16-mixed",
        "trainer.devices=4",
    ],
}
PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 30.0
"""Seconds that the other processes of a run have to end when one was killed."""


def main() -> int:
    """Carry out the kills; the exit code."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    kills, seed = int(given.get("kills", 50)), int(given.get("seed", 0))
    draw = generator("faults", seed)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # whoever outlives a killed run is to be waited for here
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ["SADDLE_CACHE"] = str(Path(place, "cache"))
        _pictures(Path("pictures"))
        names = [name for name in CASES if given.get("only", "") in name]
        rows = [_case(name, draw, -(-kills // len(names))) for name in names]
    results = {"seed": seed, "torch": torch.__version__, "cases": rows}
    wrong = sum(row["kills"] - row["same"] for row in rows)
    if not given.keys() & {"kills", "only"}:
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / "kills.json").write_text(json.dumps(results, indent=1) + "\n")
        readme.replace(HERE / "README.md", "kills", _table(rows))
    print(f"{sum(row['kills'] for row in rows)} kills, {wrong} resumed to other bits")
    return int(wrong > 0)


def _case(name: str, draw: np.random.Generator, kills: int) -> dict[str, Any]:
    """One run left alone, and others killed until there were so many kills."""
    whole = RunFolder(f"runs/{name}/whole")
    began = time.monotonic()
    if _wait(_start(name, whole)):
        raise RuntimeError(f"the run of {name} that was left alone failed: {whole.status()}")
    lasted = time.monotonic() - began
    expected = _fingerprint(whole)
    done = same = number = 0
    moments: list[str] = []
    slowest = 0.0
    while done < kills:
        number += 1
        folder = RunFolder(f"runs/{name}/{number}")
        here = 0
        for _ in range(int(draw.integers(1, 3))):
            first = _start(name, folder)
            time.sleep(float(draw.random()) * lasted)
            processes = _processes(first)
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(processes[draw.integers(len(processes))], signal.SIGKILL)
            killed = time.monotonic()
            if _wait(first):
                here += 1
                moments.append(_where(folder))
            slowest = max(slowest, time.monotonic() - killed)
        if not _wait(_start(name, folder)) and _fingerprint(folder) == expected:
            same += here
        done += here
    resumed = sorted(map(int, filter(str.isdigit, moments)))
    row = {"case": name, "kills": done, "same": same, "resumed_from": resumed, "slowest_end": round(slowest, 1)}
    print(json.dumps(row), flush=True)
    return row


def _start(name: str, folder: RunFolder) -> int:
    """The command as a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        with initialize_config_dir(str(CONF), version_base=None):
            cfg = compose("train", overrides=[*COMMON, *EVERY, *CASES[name]])
        code = carry_out(cfg, folder)
    finally:
        os._exit(code)


def _processes(first: int) -> list[int]:
    """All processes of a run, by its first."""
    return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]


def _wait(first: int) -> int:
    """The exit code of a run's first process, when all of the run have ended."""
    code, deadline = 0, 0.0
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:  # all have
            return code
        if ended == first:
            code, deadline = os.waitstatus_to_exitcode(status), time.monotonic() + PATIENCE
        elif deadline and time.monotonic() > deadline:
            raise RuntimeError(f"a process went on {PATIENCE:.0f} s after the first of its run had ended")
        elif not ended:
            time.sleep(0.02)


def _where(folder: RunFolder) -> str:
    """The updates of the state that the next start goes on from."""
    state, _ = Checkpoints(folder.checkpoints).load()
    return "" if state is None else str(state["updates"])


def _fingerprint(folder: RunFolder) -> str:
    """A hash of everything that a run leaves: state, weights, metrics, grids."""
    state, _ = Checkpoints(folder.checkpoints).load()
    assert state is not None
    digest = hashlib.blake2b(folder.weights.path("last").read_bytes())
    for key in ("updates", "model", "optimizers", "notes"):
        _absorb(digest, state[key])
    digest.update(json.dumps(folder.metrics()).encode())
    for grid in folder.grids():
        digest.update(grid.name.encode() + Image.open(grid).tobytes())
    return digest.hexdigest()


def _absorb(digest: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        digest.update(value.contiguous().view(-1).numpy().tobytes())
    elif isinstance(value, dict):
        for key in value:
            digest.update(str(key).encode())
            _absorb(digest, value[key])
    elif isinstance(value, list | tuple):
        for inner in value:
            _absorb(digest, inner)
    else:
        digest.update(repr(value).encode())


def _pictures(folder: Path) -> None:
    folder.mkdir()
    pixels = generator("faults", "pictures").integers(0, 256, (80, 20, 24, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number}.png")


def _table(rows: list[dict[str, Any]]) -> str:
    title = ["case", "kills", "resumed to the same bits", "resumed from updates", "all ended within"]
    cells = [
        [
            row["case"],
            str(row["kills"]),
            str(row["same"]),
            _spread(row["resumed_from"]),
            f"{row['slowest_end']:.1f} s",
        ]
        for row in rows
    ]
    return readme.table(title, cells)


def _spread(updates: list[int]) -> str:
    return f"{updates[0]} to {updates[-1]}, {len(set(updates))} different" if updates else "the beginning"


if __name__ == "__main__":
    sys.exit(main())
