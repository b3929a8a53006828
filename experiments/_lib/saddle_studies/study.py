"""A study of experiments/: its sweeps are trained, its answer is written beside its question.

`make study NAME=losses` starts experiments/losses/study.py, which trains conf/experiment/losses.yaml, reads the runs,
and writes numbers, tables and figures beside its README.md.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from saddle.runs.folder import RunFolder
from saddle.runs.sweep import ROOT, find_run, finished_runs, runs_of
from saddle_studies import readme

TRAIN = Path(__file__).resolve().parents[3] / "src" / "train.py"
COLOURS = 256
HELP = """\
Settings, in ARGS="..." of make study:
  out=FOLDER     writes there, not beside the study's own README.md
  name=NAME      in front of the names of its sweeps: runs/NAME_{study}
  {run}
  KEY=VALUE      any other is one of src/train.py, for all of its runs: seed=0 updates=200 hydra.launcher.jobs=2
"""
RUN = "run=A,B        draws and measures these runs, or all of a sweep's folder, and trains nothing"
NO_RUN = "run=...        is not taken: what it asks is asked of sweeps of its own"
SOME_FAILED = 1
"""Exit code of a sweep that ended, a job of which failed: that is a result, too."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed, where, and what came out."""

    name: str
    """Of the picture's file."""
    says: str
    where: str
    """Sections of the two notes, 000 and 002, or the paper."""
    measured: str
    test: str
    """Its module and name, and what it asserts."""
    figure: Figure


class Study:
    """What a study's script is given, where it trains, and where it writes."""

    def __init__(self, script: str, argv: Sequence[str], about: str, own: Sequence[str] = ()) -> None:
        """Read the command line.

        Args:
            script: the path of the study's own file; its folder is the study's.
            argv: the command line: `out=FOLDER` to write there and not beside the script; all else is handed to
                `src/train.py`, `name=NAME` as the beginning of the sweeps' names.
            about: printed for `--help`.
            own: keys that are the script's, found in `given`.
        """
        given = list(argv[1:])
        home = Path(script).resolve().parent
        self.name = home.name
        if {"--help", "-h"} & set(given):
            print(f"{about.rstrip()}\n\n{HELP.format(study=self.name, run=RUN if 'run' in own else NO_RUN)}", end="")
            sys.exit(0)
        if "run" not in own and any(argument.startswith("run=") for argument in given):
            sys.exit(f"error: {self.name} takes no run=: what it asks is asked of sweeps of its own")
        self.out = Path(_taken("out", given) or home)
        self.given = {key: value for key in own if (value := _taken(key, given))}
        self._prefix = _taken("name", given)
        self._overrides = given
        if self.out.resolve() != home:
            self.out.mkdir(parents=True, exist_ok=True)
            shutil.copy(home / "README.md", self.out)

    def train(self, experiment: str | None = None, *overrides: str, part: str = "") -> Path:
        """Train the sweep of `conf/experiment/EXPERIMENT.yaml`; what is finished is kept.

        Args:
            experiment: by default the study's own.
            overrides: of the study; those of the command line win.
            part: where one experiment is trained several times with other overrides, the name of each.

        Returns:
            The sweep's folder: `runs/EXPERIMENT`, with `_PART` behind and the `name=` of the command line in front.
        """
        experiment = experiment or self.name
        name = "_".join(word for word in (self._prefix, experiment, part) if word)
        words = [f"experiment={experiment}", f"name={name}", *overrides, *self._overrides]
        code = subprocess.run([sys.executable, str(TRAIN), "-m", *words], check=False).returncode
        if code not in (0, SOME_FAILED):
            sys.exit(code)
        return ROOT / name

    def finished(self, experiment: str | None = None, *overrides: str, part: str = "") -> list[RunFolder]:
        """Train as `train` does: the runs that ended well. Where none did, that is the last line of the study."""
        try:
            return finished_runs(self.train(experiment, *overrides, part=part))
        except LookupError as error:
            sys.exit(f"error: {error}")

    def runs(self) -> list[RunFolder]:
        """The study's own runs, trained, those that ended well; or the runs that `run=A,B` names, in whatever state.

        Of a sweep's folder all its runs are meant. `run` has to be one of the script's `own` keys.
        """
        named = self.given.get("run")
        if named is None:
            return self.finished()
        places = [Path(place).expanduser() for place in named.split(",")]
        try:
            sweeps = [place for place in places if place.is_dir() and not RunFolder(place).exists()]
            return [run for place in places for run in (runs_of(place) if place in sweeps else [find_run(place)])]
        except LookupError as error:
            sys.exit(f"error: {error}")

    def numbers(self, found: Any, file: str = "results.json") -> None:
        """Store what was measured."""
        (self.out / file).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def table(self, section: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Put a table into its place in README.md, and on the terminal."""
        text = readme.table(header, rows)
        readme.replace(self.out / "README.md", section, text)
        print(f"\n{text}", flush=True)

    def figure(self, name: str, figure: Figure) -> None:
        """Store a figure as a PNG of few colours, a third of the size."""
        drawn = BytesIO()
        figure.savefig(drawn, format="png", dpi=110)
        self.picture(name, Image.open(drawn).convert("RGB").quantize(COLOURS))

    def picture(self, name: str, image: Image.Image) -> None:
        """Store an image as a PNG, in all its colours: noise in samples looks worse than it is in few."""
        path = self.out / f"{name}.png"
        image.save(path, optimize=True)
        print(path, flush=True)

    def claims(self, claims: Sequence[Claim]) -> None:
        """Store each claim's figure, and what it says and what came out in claims.json, for experiments/theory."""
        for claim in claims:
            self.figure(claim.name, claim.figure)
        keys = ("name", "says", "where", "measured", "test")
        self.numbers([{key: getattr(claim, key) for key in keys} for claim in claims], "claims.json")


def _taken(key: str, given: list[str]) -> str | None:
    """The value of `key=`, which is taken out of what is given; None if it is not there."""
    found = [argument for argument in given if argument.startswith(f"{key}=")]
    for argument in found:
        given.remove(argument)
    return found[-1].partition("=")[2] if found else None
