"""What a run folder holds: the only place that knows its file names."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from filelock import FileLock

from saddle.runs.status import Status

if TYPE_CHECKING:
    from PIL.Image import Image

HEARTBEAT = 15.0
"""Seconds between two signs of life in `status.json`."""


class RunFolder:
    """One run on disk, `runs/<sweep>/<job>/`. Nothing is created before the first write.

    Files that are replaced (`config.yaml`, `environment.json`, `summary.json`, `evaluation.json`, `status.json`, the
    grids) are written under a temporary name and renamed: a reader finds the old one or the new one, never half of one.
    JSON holds NaN and Infinity as Python writes them, since a run that diverged should say so.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._beaten = 0.0
        self._details: dict[str, Any] = {}
        self._found: Status | None = None

    @property
    def job(self) -> str:
        """The job's name."""
        return self.path.resolve().name

    @property
    def sweep(self) -> str:
        """The name of the sweep it belongs to; `single` for a single run."""
        return self.path.resolve().parent.name

    @property
    def weights(self) -> Path:
        """The trained model, `checkpoints/model.safetensors`."""
        return self.checkpoints / "model.safetensors"

    @property
    def recipe(self) -> Path:
        """How to build the network that the weights belong to, `checkpoints/model.json`."""
        return self.checkpoints / "model.json"

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints lie."""
        return self.path / "checkpoints"

    @property
    def evaluation(self) -> Path:
        """What was measured after the run, `evaluation.json`."""
        return self.path / "evaluation.json"

    @property
    def nearest(self) -> Path:
        """Samples beside the training images that they are most like, `nearest.png`."""
        return self.path / "nearest.png"

    def exists(self) -> bool:
        """Whether this is a run's folder."""
        return any((self.path / name).is_file() for name in ("config.yaml", "status.json", "summary.json"))

    def can_go_on(self) -> bool:
        """Whether there is a state to go on from, and the configuration that it belongs to."""
        states = [self.checkpoints / name for name in ("last.ckpt", "previous.ckpt")]
        return (self.path / "config.yaml").is_file() and any(state.is_file() for state in states)

    def has_results(self) -> bool:
        """Whether there is anything that training has made."""
        return bool(self.metrics() or self.grids() or self.weights.is_file() or self.summary())

    def write_config(self, text: str) -> None:
        """Store the whole resolved configuration, YAML."""
        self._write_text("config.yaml", text)

    def config(self) -> str:
        """The resolved configuration as text.

        Raises:
            LookupError: the run has not stored one.
            ValueError: it is no text.
        """
        try:
            return (self.path / "config.yaml").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise LookupError(f"{self.path} has no config.yaml: it ended before it began to train") from None
        except UnicodeDecodeError:
            raise ValueError(f"{self.path / 'config.yaml'} is no text: it was changed by hand") from None

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Store what the numbers depend on as well: command, commit, versions, host, devices, threads."""
        self._write_json("environment.json", environment)

    def environment(self) -> dict[str, Any] | None:
        """What was stored of the environment."""
        return self._read_json("environment.json")

    def log(self, updates: int, numbers: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl`, for whoever reads it. A line torn by a crash is cut off first."""
        line = {"updates": int(updates)} | {
            key: value if isinstance(value, int) else float(value) for key, value in numbers.items()
        }
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "metrics.jsonl").open("ab+") as file:
            _cut_torn_line(file)
            file.write((json.dumps(line) + "\n").encode())
            file.flush()

    def metrics(self) -> list[dict[str, float]]:
        """All lines of `metrics.jsonl`, each with `updates`; without a torn last one.

        Raises:
            ValueError: it was changed by hand; names the line.
        """
        try:
            text = (self.path / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        lines = text[: text.rfind("\n") + 1].splitlines()
        try:
            return [json.loads(line) for line in lines]
        except json.JSONDecodeError as error:
            place = f"{self.path / 'metrics.jsonl'} is not JSON in line {lines.index(error.doc) + 1}"
            raise ValueError(f"{place}: it was changed by hand or by a failing disk") from None

    def rewind(self, updates: int) -> None:
        """Forget the lines and grids after `updates`, because the run goes on from there."""
        kept = [line for line in self.metrics() if line["updates"] <= updates]
        self._write_text("metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))
        for path in self.grids():
            if int(path.stem) > updates:
                path.unlink()

    def save_grid(self, updates: int, image: "Image") -> Path:
        """Store a grid of samples as `samples/001000.png`."""
        name = f"samples/{updates:06d}.png"
        self._replace(name, lambda file: image.save(file, format="PNG"))
        return self.path / name

    def grids(self) -> list[Path]:
        """All grids, by updates."""
        paths = [path for path in (self.path / "samples").glob("*.png") if path.stem.isdigit()]
        return sorted(paths, key=lambda path: int(path.stem))

    def last_grid(self) -> Path | None:
        """The grid of the most updates."""
        grids = self.grids()
        return grids[-1] if grids else None

    def save_model(self, weights: bytes, recipe: Mapping[str, Any]) -> None:
        """Store the trained model: its weights, and how to build the network that they belong to."""
        self._replace("checkpoints/model.safetensors", lambda file: file.write(weights))
        self._write_json("checkpoints/model.json", recipe)

    def model(self) -> dict[str, Any] | None:
        """What was stored beside the weights."""
        return self._read_json("checkpoints/model.json")

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Store the run's result. The last thing that a run writes before it is marked as finished."""
        self._write_json("summary.json", summary)

    def summary(self) -> dict[str, Any] | None:
        """The run's result."""
        return self._read_json("summary.json")

    def write_evaluations(self, evaluations: Sequence[Mapping[str, Any]]) -> None:
        """Store what was measured after the run, the newest last."""
        self._write_json("evaluation.json", {"evaluations": list(evaluations)})

    def evaluations(self) -> list[dict[str, Any]]:
        """What was measured after the run, the newest last; each under another protocol or of other weights."""
        return list((self._read_json("evaluation.json") or {}).get("evaluations", []))

    def save_nearest(self, image: "Image") -> None:
        """Store the picture `nearest`."""
        self._replace("nearest.png", lambda file: image.save(file, format="PNG"))

    def mark(self, state: str, **details: Any) -> None:
        """Say in `status.json` that the run is `running`, `finished`, `failed` (with `error`) or `interrupted`."""
        self._details = details
        self._beaten = time.monotonic()
        self._write_json("status.json", Status.of_this_process(state, details).stored())

    def claim(self) -> None:
        """Say that training is about to begin here, and remember how the run stood."""
        self._found = self.status()
        self.mark("running", updates=0)

    def fail(self, **details: Any) -> None:
        """Say that the run failed; one that was finished when it was claimed, and not touched since, is so still."""
        found = self._found
        if found is not None and found.state == "finished":
            self.mark("finished", **found.details)
        else:
            self.mark("failed", **details)

    def break_off(self) -> None:
        """Say that the run was interrupted; one that was there when it was claimed, and not touched since, stays so."""
        found = self._found
        if found is not None and found.state != "new":
            self.mark(found.state, **found.details)
        else:
            self.mark("interrupted")

    def touch(self) -> None:
        """Training begins: from here on the run is no longer how it was found."""
        self._found = None

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """While it lasts, no other process is between looking at this folder and claiming it."""
        lock = self.path.parent / f".{self.path.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            yield

    def beat(self, **details: Any) -> None:
        """Give a sign of life; call it as often as you like, it writes every 15 seconds."""
        if time.monotonic() - self._beaten > HEARTBEAT:
            self.mark("running", **{**self._details, **details})

    def status(self) -> Status:
        """How the run stands now; "new" if nothing was written, "interrupted" if it says running and is dead."""
        return Status.read(self._read_json("status.json") or {"state": "new"})

    def move_aside(self) -> Path | None:
        """Rename the folder to the first free `NAME.old1`, `NAME.old2`, ...; where to, or None if there is no folder.

        Not `NAME.1`: a job `gamma-0` moved there would be taken for the job `gamma-0.1`.
        """
        if not self.path.exists():
            return None
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.old{number}")).exists():
            number += 1
        return self.path.rename(aside)

    def _read_json(self, name: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{self.path / name} is not JSON ({error}): it was changed by hand or by a failing disk"
            ) from None
        if not isinstance(content, dict):
            raise ValueError(f"{self.path / name} holds no mapping: it was changed by hand")
        return content

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        self._write_text(name, json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")

    def _write_text(self, name: str, text: str) -> None:
        self._replace(name, lambda file: file.write(text.encode()))

    def _replace(self, name: str, write: Callable[[IO[bytes]], Any]) -> None:
        replace_file(self.path / name, write)


def replace_file(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file so that it is there whole or not at all; `write(file)` fills it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _cut_torn_line(file: IO[bytes]) -> None:
    end = file.seek(0, os.SEEK_END)
    if not end or (file.seek(-1, os.SEEK_END), file.read(1))[1] == b"\n":
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)
