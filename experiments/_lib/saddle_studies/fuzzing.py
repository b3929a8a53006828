"""Files of a run that something has changed, and what Saddle's readers say about them.

Every reader must read a file, or refuse it with an error of the kinds that a command prints in one line, and that names
the file or its folder. Any other error would be a stack trace.
"""

import json
import math
import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from omegaconf import OmegaConf
from PIL import Image

from saddle.config.commandline import compose_job
from saddle.engine.existing_run import holds_same_run, mismatch, other_code
from saddle.engine.stored import stored_classes, stored_config
from saddle.report.closing import closing_words, difference_text
from saddle.report.comparison import read_comparison
from saddle.report.files import write_comparison
from saddle.report.table import terminal
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from saddle.runs.messages import closing, without_weights
from saddle.runs.naming import register_resolvers
from saddle.runs.summary import summarise
from saddle.runs.sweep import find_run, runs_of, write_sweep
from saddle.runs.weights import packed
from saddle.samples.archives import read_images
from saddle.samples.sampling import load_model

SECRET = "a secret of this machine"
VARIABLE = "SADDLE_FUZZ_SECRET"
SETTINGS = ("data=digits", "resolution=8", "network=mlp", "logger=none", "updates=20", "labels=true")
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 3, 2**70, -(10**400), 0.5, 1e308, math.nan, math.inf),
    *("", "x", "0", "\x1b[31mred\x1b[2J", "$\\frac{$", "a" * 5000, "../..", "\ud800", "2020-01-01", "???"),
    *(f"${{oc.env:{VARIABLE}}}", "${a", [], {}, [[]], [None], {"a": {"b": []}}, ["x", 1], {"last": "x"}),
)
"""Values that stand where another one stood."""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
"""Nine lines of YAML that are 9^9 values."""
WHOLE: tuple[bytes, ...] = (
    *(b"", b"\0" * 512, b"\xff\xfe", b"null", b"[]", b"1", b'"x"', b"{", b"{}", b"\xef\xbb\xbf{}", BOMB.encode()),
    *(b"[" * 100_000, b'{"a":' * 100_000, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", b"PK\x03\x04"),
    *(b'name: "\\x24{oc.env:' + VARIABLE.encode() + b'}"\n', b"!!python/object/apply:os.getcwd []\n", b"- &a *a\n"),
)
"""Contents that stand where a file's own stood."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one file: the words of a refusal, empty if it was read; `fault`, why that was wrong; seconds."""

    file: str
    words: str
    fault: str
    seconds: float


def specimen(sweep: Path) -> RunFolder:
    """A sweep of three runs as training leaves them, without training; the first of them."""
    register_resolvers()
    cfg, _, _ = compose_job(SETTINGS)
    text = OmegaConf.to_yaml(cfg, resolve=True)
    classes = {str(digit): 10 for digit in range(10)}
    lines = [{"updates": at, "fd_faces": 9.0 - at / 4, "loss_generator": 0.5, "swd": 0.1} for at in range(0, 21, 5)]
    names = [f"loss-{loss}_seed-{seed}" for loss, seed in (("a", 0), ("a", 1), ("b", 0))]
    for name in names:
        run = RunFolder(sweep / name)
        run.write_config(text.replace("seed: 0", f"seed: {name[-1]}"))
        run.write_environment(
            {"saddle": "0.4.0", "commit": "0123456789", "dirty": False, "versions": {"torch": "2.15"}}
        )
        for line in lines:
            run.log(int(line["updates"]), line)
            run.save_grid(int(line["updates"]), Image.new("L", (16, 16), 90))
        metrics = summarise(lines, {"fd_faces": False, "swd": False})
        protocol = {
            "images_generated": 60,
            "comparisons": [{"metrics": ["fd_faces"], "extractor": "faces", "digest": "0"}],
        }
        facts = {"updates": 20, "images_seen": 1280, "seconds": 3.0, "floor": 0.4, "data": {"digest": {"train": "0"}}}
        main = {"main_metric": "fd_faces", "lower_is_better": True, "protocol": protocol, "wandb": "W&B offline: x"}
        run.write_summary({**facts, **main, "metrics": metrics})
        measured = {"metrics": {"fid": 3.0}, "floor": {"fid": 0.1}, "protocol": protocol, "updates": 20, "model": "0"}
        run.write_evaluations([{**measured, "higher_is_better": {"fid": False}, "missing": {}}])
        run.save_weights("last", packed({"x": torch.zeros(3)}, 20))
        run.write_recipe({"saddle": "0.4.0", "updates": 20, "classes": classes})
        run.mark("finished", updates=20)
    write_sweep(sweep, {"command": "train", "jobs": [{"name": name, "overrides": [name]} for name in names]})
    first = RunFolder(sweep / names[0])
    state = {"updates": 20, "model": {"x": torch.arange(9.0)}, "optimizers": [], "notes": {}, "facts": {}}
    Checkpoints(first.checkpoints).save(state)
    archive = BytesIO()
    np.savez(archive, arr_0=np.zeros((3, 4, 4, 3), dtype=np.uint8))
    (first.path / "images.npz").write_bytes(archive.getvalue())
    return first


def _compared(run: RunFolder) -> str:
    """The comparison as the commands print it."""
    comparison = read_comparison(run.path.parent, runs_of(run.path.parent), None, None)
    return "\n".join(
        [terminal(comparison.runs), difference_text(comparison), closing_words(run.path.parent, comparison.runs)]
    )


def _drawn(run: RunFolder) -> str:
    """The comparison with its page and figures."""
    comparison = read_comparison(run.path.parent, runs_of(run.path.parent), None, None)
    return write_comparison(run.path.parent, comparison).read_text(encoding="utf-8")


def _unlike(run: RunFolder) -> object:
    """Whether a command with the settings of another run would resume this one."""
    cfg: Any = OmegaConf.create((run.path.parent / "loss-b_seed-0" / "config.yaml").read_text(encoding="utf-8"))
    return holds_same_run(cfg, run), mismatch(cfg, run)


READERS: dict[str, tuple[Callable[[RunFolder], object], ...]] = {
    "config.yaml": (lambda run: stored_config(run, files=False), _unlike, _compared),
    "status.json": (lambda run: run.status(), without_weights, _compared),
    "summary.json": (lambda run: run.summary(), closing, _compared),
    "environment.json": (lambda run: other_code([run.environment()]), _compared),
    "metrics.jsonl": (lambda run: run.metrics(), _compared),
    "evaluation.json": (lambda run: run.evaluations(),),
    "checkpoints/model.json": (stored_classes,),
    "checkpoints/model.safetensors": (
        lambda run: run.weights.load("last"),
        lambda run: load_model(run, stored_config(run, files=False)),
    ),
    "checkpoints/last.ckpt": (lambda run: Checkpoints(run.checkpoints).load(),),
    "samples/000020.png": (_compared,),
    "images.npz": (lambda run: read_images(run.path / "images.npz"),),
    "../sweep.json": (lambda run: runs_of(run.path.parent), lambda run: find_run(run.path), _compared),
}
"""File of a run -> what reads it."""
COMPARED = ("config.yaml", "status.json", "summary.json", "environment.json", "metrics.jsonl", "samples/000020.png")
"""Files whose damage must leave the comparison of the other runs as it is: it may never be refused."""


def fuzzed(folder: Path, *, count: int, seed: int, draw_every: int) -> list[Outcome]:
    """Change one file at a time, `count` times in turn, and read it with each of its readers.

    Args:
        folder: an empty folder.
        count: number of changed files.
        seed: seed of the changes.
        draw_every: of so many changes of a file one is also drawn as a page, which takes seconds.
    """
    os.environ[VARIABLE] = SECRET
    run, rng = specimen(folder / "sweep"), random.Random(seed)
    outcomes = []
    for number in range(count):
        name = list(READERS)[number % len(READERS)]
        path = Path(os.path.normpath(run.path / name))
        before = path.read_bytes()
        _change(path, before, rng, number)
        drawn = name in COMPARED and number // len(READERS) % draw_every == draw_every - 1
        outcomes += [_outcome(name, reader, run) for reader in (*READERS[name], *[_drawn] * drawn)]
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        path.write_bytes(before)
    return outcomes


def _outcome(name: str, reader: Callable[[RunFolder], object], run: RunFolder) -> Outcome:
    began, words, fault, said = time.monotonic(), "", "", StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            said.write(str(reader(run)))
    except (LookupError, ValueError, OSError) as error:
        words = str(error)
        if isinstance(error, KeyError | IndexError | UnicodeError):
            fault = f"{type(error).__name__}: {error}"
        elif not any(place in words for place in (run.path.name, Path(name).name)):
            fault = f"names no place: {words}"
        elif reader in (_compared, _drawn) and name in COMPARED:
            fault = f"the comparison is refused: {words}"
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    if SECRET in words + said.getvalue():
        fault = "the environment was read"
    seconds = time.monotonic() - began
    label = f"{name} ({getattr(reader, '__name__', '')})" if fault else name
    return Outcome(file=label, words=words[:200], fault=fault[:300], seconds=seconds)


def _change(path: Path, content: bytes, rng: random.Random, number: int) -> None:
    """Change the file in one of many ways."""
    path.unlink()
    kind = rng.randrange(10)
    if kind == 0:
        rng.choice([_directory, _missing_link, _ring])(path)
    elif kind == 1:
        path.write_bytes(rng.choice(WHOLE))
    elif kind <= 4 or path.suffix not in (".json", ".jsonl", ".yaml"):
        path.write_bytes(_spoilt(content, rng))
    else:
        path.write_bytes(_other_values(path, content, rng))


def _directory(path: Path) -> None:
    path.mkdir()


def _missing_link(path: Path) -> None:
    path.symlink_to("not-copied")


def _ring(path: Path) -> None:
    path.symlink_to(path.name)


def _spoilt(content: bytes, rng: random.Random) -> bytes:
    """Some bytes are wrong, missing, or there twice."""
    spoilt, place = bytearray(content), rng.randrange(len(content))
    match rng.randrange(5):
        case 0:
            del spoilt[place:]
        case 1:
            spoilt[place] ^= 1 << rng.randrange(8)
        case 2:
            for _ in range(20):
                spoilt[rng.randrange(len(content))] = rng.randrange(256)
        case 3:
            del spoilt[place : place + rng.randrange(1, 40)]
        case _:
            spoilt[place:place] = spoilt[place : place + rng.randrange(1, 400)]
    return bytes(spoilt)


def _other_values(path: Path, content: bytes, rng: random.Random) -> bytes:
    """Up to three values are of another kind, or missing."""
    if path.suffix == ".jsonl":
        lines = content.splitlines()
        at = rng.randrange(len(lines))
        lines[at] = json.dumps(_with_odd(json.loads(lines[at]), rng)).encode()
        return b"\n".join(lines) + b"\n"
    tree = yaml.safe_load(content) if path.suffix == ".yaml" else json.loads(content)
    for _ in range(rng.randrange(1, 4)):
        tree = _with_odd(tree, rng)
    if path.suffix == ".yaml":
        return yaml.safe_dump(tree, allow_unicode=False).encode("utf-8", "surrogatepass")
    return json.dumps(tree).encode()


def _with_odd(tree: Any, rng: random.Random) -> Any:
    """`tree` with one odd value at a place drawn at random."""
    places = list(_places(tree, ()))
    if not places:
        return rng.choice(ODD)
    *above, last = rng.choice(places)
    node = tree
    for key in above:
        node = node[key]
    if rng.randrange(6) == 0 and isinstance(node, dict):
        del node[last]
    else:
        node[last] = rng.choice(ODD)
    return tree


def _places(tree: Any, path: Sequence[Any]) -> Any:
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from _places(value, (*path, key))
