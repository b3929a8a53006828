"""The content of a run folder: the only module that knows its file names."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from filelock import FileLock

from saddle.runs.claim import Claim
from saddle.runs.contents import ENVIRONMENT, EVALUATIONS, LARGEST, MODEL, SUMMARY, of_kind
from saddle.runs.reading import is_there, read_file
from saddle.runs.status import Status
from saddle.runs.weights import Weights
from saddle.storage import from_json, to_json

if TYPE_CHECKING:
    from PIL.Image import Image

HEARTBEAT = 15.0
"""Seconds between two signs of life in `status.json`."""


class RunFolder:
    """One run on disk, `runs/<sweep>/<job>/`. Nothing is created before the first write.

    All files except `metrics.jsonl` are written under a temporary name and renamed: a reader finds the old file or the
    new one, never half of one. JSON is strict: NaN and Infinity are null with their reason, because a run may diverge.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._last_beat = 0.0
        self._details: dict[str, Any] = {}
        self._claim: Claim | None = None
        self._lines = 0
        self._lock = threading.RLock()  # for the status, which a claim's thread writes too

    @property
    def job(self) -> str:
        """The job's name."""
        return self.path.resolve().name

    @property
    def sweep(self) -> str:
        """The name of its sweep; `single` for a single run."""
        return self.path.resolve().parent.name

    @property
    def weights(self) -> Weights:
        """The weights that samples are drawn with, in the folder of the checkpoints."""
        return Weights(self.checkpoints)

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
        return any(is_there(self.path / name) for name in ("config.yaml", "status.json", "summary.json"))

    def can_resume(self) -> bool:
        """Whether the folder has a state to resume from, with its configuration."""
        states = [self.checkpoints / name for name in ("last.ckpt", "previous.ckpt")]
        return is_there(self.path / "config.yaml") and any(map(is_there, states))

    def has_results(self) -> bool:
        """Whether training has left anything worth keeping, whether or not it can be read."""
        log = self.path / "metrics.jsonl"
        has_log = is_there(log) and (log.is_symlink() or log.stat().st_size > 0)
        files = (self.path / "summary.json", *self.checkpoints.glob("*.ckpt"))
        return has_log or bool(self.grids() or self.weights.states()) or any(map(is_there, files))

    def write_config(self, text: str) -> None:
        """Store the whole resolved configuration, as YAML."""
        self._write_text("config.yaml", text)

    def config(self) -> str:
        """The resolved configuration as text.

        Raises:
            LookupError: the run has stored no configuration.
            ValueError: the file is not a text file.
        """
        content = read_file(self.path / "config.yaml")
        if content is None:
            raise LookupError(f"{self.path} has no config.yaml: it ended before it began to train")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise ValueError(f"{self.path / 'config.yaml'} is not a text file: it was changed by hand") from None

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Store command, commit, versions, host, devices and threads, on which the numbers depend too."""
        self._write_json("environment.json", environment)

    def environment(self) -> dict[str, Any] | None:
        """The stored environment."""
        path = self.path / "environment.json"
        stored = read_json(path)
        return None if stored is None else of_kind(stored, ENVIRONMENT, path)

    def log(self, updates: int, numbers: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl`, after removing a line that a crash left incomplete."""
        numbers = {key: value if isinstance(value, int) else float(value) for key, value in numbers.items()}
        line = {"updates": int(updates), **numbers}
        self._prepare()
        with (self.path / "metrics.jsonl").open("ab+") as file:
            _cut_torn_line(file)
            file.write((to_json(line) + "\n").encode())
            file.flush()
        self._lines += 1

    def metrics(self) -> list[dict[str, float]]:
        """All complete lines of `metrics.jsonl`, each with `updates`.

        Raises:
            ValueError: the file was changed by hand; the message names the line.
        """
        content = read_file(self.path / "metrics.jsonl") or b""
        lines = content[: content.rfind(b"\n") + 1].decode(errors="replace").split("\n")[:-1]
        parsed: list[dict[str, float]] = []
        for number, line in enumerate(lines, 1):
            try:
                parsed.append(from_json(line))
                problem = "" if _is_reading(parsed[-1]) else "has no updates"
            except (ValueError, RecursionError):
                problem = "is not JSON"
            if problem:
                raise ValueError(_damaged(self.path / "metrics.jsonl", f"{problem} in line {number}"))
        return parsed

    def require_whole_log(self) -> int:
        """Make the log survive a power failure; the number of its lines.

        Raises:
            OSError: lines that this process has written are missing.
        """
        path = self.path / "metrics.jsonl"
        if not self._lines and not is_there(path):
            return 0
        with path.open("rb") as file:
            os.fsync(file.fileno())
            count = file.read().count(b"\n")
        if count < self._lines:
            raise OSError(f"{path} has lost lines while the run was being trained: it has {count} of {self._lines}")
        return self._lines

    def rewind(self, updates: int) -> None:
        """Delete the lines and grids after `updates`, where the run resumes."""
        lines = [line for line in self.metrics() if line["updates"] <= updates]
        self._write_text("metrics.jsonl", "".join(to_json(line) + "\n" for line in lines))
        self._lines = len(lines)
        self.weights.discard(after=updates)
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
        paths = [
            path for path in (self.path / "samples").glob("*.png") if path.stem.isdecimal() and len(path.stem) < 19
        ]
        return sorted(paths, key=lambda path: int(path.stem))

    def last_grid(self) -> Path | None:
        """The grid after the most updates."""
        grids = self.grids()
        return grids[-1] if grids else None

    def save_weights(self, state: str, content: bytes) -> None:
        """Store the weights of a state: `last`, `best`, or a number of updates.

        Raises:
            OSError: they could not be written; what was stored before is unchanged.
        """
        self._prepare()
        path = self.weights.path(state)
        try:
            replace_file(path, lambda file: file.write(content))
        except OSError as error:
            raise OSError(f"the weights {path} could not be written: {error.strerror or error}") from None

    def write_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Store the recipe for building the network of the weights."""
        self._write_json("checkpoints/model.json", recipe)

    def model(self) -> dict[str, Any] | None:
        """The recipe that was stored with the weights."""
        stored = read_json(self.recipe)
        return None if stored is None else of_kind(stored, MODEL, self.recipe)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Store the run's result, as the last file before the run is marked as finished."""
        self._write_json("summary.json", summary)

    def summary(self) -> dict[str, Any] | None:
        """The run's result."""
        path = self.path / "summary.json"
        stored = read_json(path)
        return None if stored is None else of_kind(stored, SUMMARY, path)

    def write_evaluations(self, evaluations: Sequence[Mapping[str, Any]]) -> None:
        """Store the evaluations after training, the newest last."""
        self._write_json("evaluation.json", {"evaluations": list(evaluations)})

    def evaluations(self) -> list[dict[str, Any]]:
        """The evaluations after training, the newest last; they differ in protocol or weights."""
        stored = of_kind(read_json(self.evaluation) or {}, EVALUATIONS, self.evaluation)
        return [one for one in stored.get("evaluations") or [] if one]

    def save_nearest(self, image: "Image") -> None:
        """Store the picture `nearest`."""
        self._replace("nearest.png", lambda file: image.save(file, format="PNG"))

    def mark(self, state: str, **details: Any) -> None:
        """Store in `status.json` that the run is `running`, `finished`, `failed` (with `error`) or `interrupted`."""
        with self._lock:
            self._details = details
            self._last_beat = time.monotonic()
            self._write_status(Status.of_this_process(state, details))
            if state != "running":
                self._give_up_claim()

    def claim(self, config: str | None = None) -> None:
        """Mark the run as running before training begins, and store the configuration with which it is to begin.

        Its status and its configuration so far are kept, in case that training does not begin.
        """
        before, stored = self.status(), read_file(self.path / "config.yaml")
        self._give_up_claim()
        if config is not None:
            self.write_config(config)
        self.mark("running", updates=0)
        self._claim = Claim(
            self.path, status=before, config=stored, read=self._stored_status, beat=self._sign, every=HEARTBEAT
        )

    def refuse(self) -> None:
        """Leave the run as it was before it was claimed, because training is refused."""
        if self._claim is not None and not self._claim.begun:
            before = self._restored(self._claim)
            with self._lock:
                if before.state == "new":
                    (self.path / "status.json").unlink(missing_ok=True)
                else:
                    self._write_status(before)
                self._give_up_claim()

    def fail(self, **details: Any) -> None:
        """Mark the run as failed, or as finished if it was finished and training has not begun again."""
        claim = self._claim
        if claim is not None and not claim.begun and claim.status.state == "finished":
            self.mark("finished", **self._restored(claim).details)
        else:
            self.mark("failed", **details)

    def interrupt(self) -> None:
        """Mark the run as interrupted, or as it was before it was claimed if training has not begun."""
        claim = self._claim
        if claim is not None and not claim.begun and claim.status.state != "new":
            before = self._restored(claim)
            self.mark(before.state, **before.details)
        else:
            self.mark("interrupted")

    def begin_training(self) -> None:
        """Forget the status before the claim: from now on the files of the run change."""
        if self._claim is not None:
            self._claim.begun = True

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """A lock under which a process inspects and claims the folder."""
        lock = self.path.parent / f".{self.path.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            yield

    def beat(self, **details: Any) -> None:
        """Give a sign of life. It may be called often; it writes every 15 seconds.

        Raises:
            OSError: the folder is no longer this process's, or the disk is full.
        """
        if self._claim is not None and self._claim.failure is not None:
            raise self._claim.failure
        with self._lock:
            self._details = {**self._details, **details}
            if time.monotonic() - self._last_beat >= HEARTBEAT:
                self.mark("running", **self._details)

    def status(self) -> Status:
        """The present status: "new" if nothing was written, "interrupted" if the process of a running run is dead."""
        try:
            return Status.read(self._stored_status() or {"state": "new"})
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None

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

    def _sign(self) -> None:
        """A sign of life from the claim's thread, unless the run has ended in the meantime."""
        with self._lock:
            if self._claim is not None:
                self.beat()

    def _stored_status(self) -> dict[str, Any] | None:
        return read_json(self.path / "status.json")

    def _write_status(self, status: Status) -> None:
        self._write_json("status.json", status.stored())

    def _restored(self, claim: Claim) -> Status:
        """Restore the configuration of before the claim; the status of then."""
        if (config := claim.config) is not None:
            self._replace("config.yaml", lambda file: file.write(config))
        return claim.status

    def _give_up_claim(self) -> None:
        if self._claim is not None:
            self._claim.end()
            self._claim = None

    def _prepare(self) -> None:
        """Make the folder, or require that it is still this process's: one that was removed must not come back."""
        if self._claim is not None:
            self._claim.require_own()
        self.path.mkdir(parents=True, exist_ok=True)

    def _write_text(self, name: str, text: str) -> None:
        self._replace(name, lambda file: file.write(text.encode()))

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        self._prepare()
        write_json(self.path / name, content)

    def _replace(self, name: str, write: Callable[[IO[bytes]], Any]) -> None:
        self._prepare()
        replace_file(self.path / name, write)


def read_json(path: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None if there is no such file.

    Raises:
        ValueError: the file contains no mapping in JSON.
        OSError: there is such a file, but it cannot be read.
    """
    content = read_file(path)
    if content is None:
        return None
    try:
        parsed = from_json(content.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(_damaged(path, f"is not JSON ({error})")) from None
    if not isinstance(parsed, dict):
        raise ValueError(_damaged(path, "is not a mapping"))
    return parsed


def _is_reading(line: Any) -> bool:
    return isinstance(line, dict) and type(line.get("updates")) is int and 0 <= line["updates"] < LARGEST


def _damaged(path: Path, problem: str) -> str:
    return f"{path} {problem}: it was changed by hand or by a failing disk; restore it, or delete it"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file completely or not at all."""
    text = to_json(content, indent=2) + "\n"
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
