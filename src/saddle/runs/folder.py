"""The content of a run folder: the only module that knows its file names."""

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

    All files except `metrics.jsonl` are written under a temporary name and renamed: a reader finds the old file or the
    new one, never half of one. JSON contains NaN and Infinity as Python writes them, because a run may diverge.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._last_beat = 0.0
        self._details: dict[str, Any] = {}
        self._status_before_claim: Status | None = None

    @property
    def job(self) -> str:
        """The job's name."""
        return self.path.resolve().name

    @property
    def sweep(self) -> str:
        """The name of its sweep; `single` for a single run."""
        return self.path.resolve().parent.name

    @property
    def weights(self) -> Path:
        """The trained model, `checkpoints/model.safetensors`."""
        return self.checkpoints / "model.safetensors"

    @property
    def recipe(self) -> Path:
        """The recipe for building the network of the weights, `checkpoints/model.json`."""
        return self.checkpoints / "model.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def evaluation(self) -> Path:
        """The evaluations after training, `evaluation.json`."""
        return self.path / "evaluation.json"

    @property
    def real(self) -> Path:
        """A picture of real samples, drawn like the grids, `real.png`."""
        return self.path / "real.png"

    @property
    def nearest(self) -> Path:
        """A picture of samples next to their nearest training images, `nearest.png`."""
        return self.path / "nearest.png"

    def exists(self) -> bool:
        """Whether this is the folder of a run."""
        return any((self.path / name).is_file() for name in ("config.yaml", "status.json", "summary.json"))

    def can_resume(self) -> bool:
        """Whether the folder has a state to resume from, with its configuration."""
        states = [self.checkpoints / name for name in ("last.ckpt", "previous.ckpt")]
        return (self.path / "config.yaml").is_file() and any(state.is_file() for state in states)

    def has_results(self) -> bool:
        """Whether training has produced any result."""
        return bool(self.metrics() or self.grids() or self.weights.is_file() or self.summary())

    def write_config(self, text: str) -> None:
        """Store the whole resolved configuration, as YAML."""
        self._write_text("config.yaml", text)

    def config(self) -> str:
        """The resolved configuration as text.

        Raises:
            LookupError: the run has stored no configuration.
            ValueError: the file is not a text file.
        """
        try:
            return (self.path / "config.yaml").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise LookupError(f"{self.path} has no config.yaml: it ended before it began to train") from None
        except UnicodeDecodeError:
            raise ValueError(f"{self.path / 'config.yaml'} is not a text file: it was changed by hand") from None

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Store command, commit, versions, host, devices and threads, on which the numbers depend too."""
        write_json(self.path / "environment.json", environment)

    def environment(self) -> dict[str, Any] | None:
        """The stored environment."""
        return read_json(self.path / "environment.json")

    def log(self, updates: int, numbers: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl`, after removing a line that a crash left incomplete."""
        numbers = {key: value if isinstance(value, int) else float(value) for key, value in numbers.items()}
        line = {"updates": int(updates), **numbers}
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "metrics.jsonl").open("ab+") as file:
            _cut_torn_line(file)
            file.write((json.dumps(line) + "\n").encode())
            file.flush()

    def metrics(self) -> list[dict[str, float]]:
        """All complete lines of `metrics.jsonl`, each with `updates`.

        Raises:
            ValueError: the file was changed by hand; the message names the line.
        """
        try:
            text = (self.path / "metrics.jsonl").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        lines = text[: text.rfind("\n") + 1].splitlines()
        try:
            return [json.loads(line) for line in lines]
        except json.JSONDecodeError as error:
            number = lines.index(error.doc) + 1
            raise ValueError(_damaged(self.path / "metrics.jsonl", f"is not JSON in line {number}")) from None

    def rewind(self, updates: int) -> None:
        """Delete the lines and grids after `updates`, where the run resumes."""
        lines = [line for line in self.metrics() if line["updates"] <= updates]
        self._write_text("metrics.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        for path in self.grids():
            if int(path.stem) > updates:
                path.unlink()

    def save_grid(self, updates: int, image: "Image") -> Path:
        """Store a grid of samples as `samples/001000.png`."""
        name = f"samples/{updates:06d}.png"
        self._replace(name, lambda file: image.save(file, format="PNG"))
        return self.path / name

    def save_real(self, image: "Image") -> None:
        """Store the picture `real`."""
        self._replace("real.png", lambda file: image.save(file, format="PNG"))

    def grids(self) -> list[Path]:
        """All grids, by updates."""
        paths = [path for path in (self.path / "samples").glob("*.png") if path.stem.isdigit()]
        return sorted(paths, key=lambda path: int(path.stem))

    def last_grid(self) -> Path | None:
        """The grid after the most updates."""
        grids = self.grids()
        return grids[-1] if grids else None

    def save_model(self, weights: bytes, recipe: Mapping[str, Any]) -> None:
        """Store the trained weights and the recipe for building their network."""
        self._replace("checkpoints/model.safetensors", lambda file: file.write(weights))
        write_json(self.recipe, recipe)

    def model(self) -> dict[str, Any] | None:
        """The recipe that was stored with the weights."""
        return read_json(self.recipe)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Store the run's result, as the last file before the run is marked as finished."""
        write_json(self.path / "summary.json", summary)

    def summary(self) -> dict[str, Any] | None:
        """The run's result."""
        return read_json(self.path / "summary.json")

    def write_evaluations(self, evaluations: Sequence[Mapping[str, Any]]) -> None:
        """Store the evaluations after training, the newest last."""
        write_json(self.evaluation, {"evaluations": list(evaluations)})

    def evaluations(self) -> list[dict[str, Any]]:
        """The evaluations after training, the newest last; they differ in protocol or weights."""
        return list((read_json(self.evaluation) or {}).get("evaluations", []))

    def save_nearest(self, image: "Image") -> None:
        """Store the picture `nearest`."""
        self._replace("nearest.png", lambda file: image.save(file, format="PNG"))

    def mark(self, state: str, **details: Any) -> None:
        """Store in `status.json` that the run is `running`, `finished`, `failed` (with `error`) or `interrupted`."""
        self._details = details
        self._last_beat = time.monotonic()
        write_json(self.path / "status.json", Status.of_this_process(state, details).stored())

    def claim(self) -> None:
        """Mark the run as running before training begins, and remember its status so far."""
        self._status_before_claim = self.status()
        self.mark("running", updates=0)

    def fail(self, **details: Any) -> None:
        """Mark the run as failed, or as finished if it was finished and training has not begun again."""
        before = self._status_before_claim
        if before is not None and before.state == "finished":
            self.mark("finished", **before.details)
        else:
            self.mark("failed", **details)

    def interrupt(self) -> None:
        """Mark the run as interrupted, or as it was before it was claimed if training has not begun."""
        before = self._status_before_claim
        if before is not None and before.state != "new":
            self.mark(before.state, **before.details)
        else:
            self.mark("interrupted")

    def begin_training(self) -> None:
        """Forget the status before the claim: from now on the files of the run change."""
        self._status_before_claim = None

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """A lock under which a process inspects and claims the folder."""
        lock = self.path.parent / f".{self.path.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            yield

    def beat(self, **details: Any) -> None:
        """Give a sign of life. It may be called often; it writes every 15 seconds."""
        if time.monotonic() - self._last_beat > HEARTBEAT:
            self.mark("running", **{**self._details, **details})

    def status(self) -> Status:
        """The present status: "new" if nothing was written, "interrupted" if the process of a running run is dead."""
        return Status.read(read_json(self.path / "status.json") or {"state": "new"})

    def move_aside(self) -> Path | None:
        """Rename the folder to the first free `NAME.old1`, `NAME.old2`, ...; the new path, or None without a folder.

        Not `NAME.1`, because a moved job `gamma-0` would be mistaken for the job `gamma-0.1`.
        """
        if not self.path.exists():
            return None
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.old{number}")).exists():
            number += 1
        return self.path.rename(aside)

    def _write_text(self, name: str, text: str) -> None:
        self._replace(name, lambda file: file.write(text.encode()))

    def _replace(self, name: str, write: Callable[[IO[bytes]], Any]) -> None:
        replace_file(self.path / name, write)


def read_json(path: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None if there is no such file.

    Raises:
        ValueError: the file contains no mapping in JSON.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(_damaged(path, f"is not JSON ({error})")) from None
    if not isinstance(content, dict):
        raise ValueError(_damaged(path, "is not a mapping"))
    return content


def _damaged(path: Path, problem: str) -> str:
    return f"{path} {problem}: it was changed by hand or by a failing disk"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file completely or not at all."""
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    replace_file(path, lambda file: file.write(text.encode()))


def replace_file(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file completely or not at all; `write(file)` fills it."""
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
