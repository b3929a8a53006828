"""The command line, the training and the output of a study in experiments/.

`make study NAME=losses` starts experiments/losses/study.py, which trains conf/experiment/losses.yaml, reads the runs,
and writes numbers, tables and figures next to its README.md. With other settings it writes elsewhere, because that
README.md speaks about the numbers of the study as it is committed.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

from saddle_studies import interruption, readme

from matplotlib.figure import Figure
from PIL import Image

from saddle.runs.folder import RunFolder, replace_file
from saddle.runs.sweep import ROOT, find_run, finished_runs, runs_of
from saddle.storage import to_json

TRAIN = Path(__file__).resolve().parents[3] / "src" / "train.py"
COLOURS = 256
HELP = """\
Settings, in ARGS="..." of make study:
  out=FOLDER     the folder of the results; by default that of the study's README.md, or with any setting but
                 name= and hydra.*, runs/study-{study}-HASH
  name=NAME      a prefix of the names of its sweeps: runs/NAME_{study}; by default none, or with any setting of
                 src/train.py, study-{study}-HASH
  {run}
  KEY=VALUE      any key of src/train.py, for all of its runs: seed=0 updates=200 hydra.launcher.jobs=2
"""
RUN = "run=A,B        analyses these runs, or all runs of a sweep's folder, and trains nothing"
NO_RUN = "run=...        is not accepted: the study needs its own sweeps"
OTHER = """\
> `{command}` wrote these tables and figures; the text is about the study with its own settings.

"""
"""Stands above a README.md that speaks about other runs."""
SOME_FAILED = 1
"""Exit code of a sweep of which a job failed, which is a result, too."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim, its source, and the measurement."""

    name: str
    """The name of the picture's file."""
    says: str
    where: str
    """Sections of the two notes, 000 and 002, or the paper."""
    measured: str
    test: str
    """The module and the name of the test, and what it asserts."""
    figure: Figure


class Study:
    """The command line of a study's script, its sweeps, and its output."""

    def __init__(self, script: str, argv: Sequence[str], about: str, own: Sequence[str] = ()) -> None:
        """Read the command line.

        Args:
            script: the path of the study's own file; its folder is the study's.
            argv: the command line: `out=FOLDER` is the folder of the results, `name=NAME` a prefix of the names of
                its sweeps; everything else is passed to `src/train.py`. See `HELP` for the defaults.
            about: the text of `--help`.
            own: keys of the script itself, whose values are in `options`.
        """
        arguments = list(argv[1:])
        home = Path(script).resolve().parent
        self.name = home.name
        if {"--help", "-h"} & set(arguments):
            print(f"{about.rstrip()}\n\n{HELP.format(study=self.name, run=RUN if 'run' in own else NO_RUN)}", end="")
            sys.exit(0)
        if "run" not in own and any(argument.startswith("run=") for argument in arguments):
            sys.exit(f"error: {self.name} takes no run=: it needs its own sweeps")
        self._command = f"make study NAME={self.name}" + (f' ARGS="{" ".join(arguments)}"' if arguments else "")
        out, self._prefix = _taken("out", arguments), _taken("name", arguments)
        settings = [argument for argument in arguments if not argument.startswith("hydra.")]
        elsewhere = f"study-{self.name}-{blake2b(repr(sorted(settings)).encode(), digest_size=3).hexdigest()}"
        self.out = Path(out) if out else ROOT / elsewhere if settings else home
        self.options = {key: value for key in own if (value := _taken(key, arguments))}
        if self._prefix is None and any(setting in arguments for setting in settings):
            self._prefix = elsewhere
        self._overrides = arguments
        self._sweeps: list[Path] = []
        interruption.keep(self._kept)
        if self.out.resolve() != home:
            self.out.mkdir(parents=True, exist_ok=True)
            text = (home / "README.md").read_text(encoding="utf-8")
            (self.out / "README.md").write_text(OTHER.format(command=self._command) * bool(settings) + text, "utf-8")

    def train(self, experiment: str | None = None, *overrides: str, part: str = "") -> Path:
        """Train the sweep of `conf/experiment/EXPERIMENT.yaml`; finished runs are kept.

        Args:
            experiment: the name of the experiment, by default that of the study.
            overrides: overrides of the study; those of the command line take precedence.
            part: a name for each sweep if one experiment is trained several times with different overrides.

        Returns:
            The sweep's folder: `runs/EXPERIMENT`, with the suffix `_PART` and the prefix `NAME_`.
        """
        experiment = experiment or self.name
        name = "_".join(word for word in (self._prefix, experiment, part) if word)
        words = [f"experiment={experiment}", f"name={name}", *overrides, *self._overrides]
        self._sweeps.append(ROOT / name)
        code = interruption.run([sys.executable, str(TRAIN), "-m", *words])
        if code not in (0, SOME_FAILED):
            sys.exit(code)
        return ROOT / name

    def finished(self, experiment: str | None = None, *overrides: str, part: str = "") -> list[RunFolder]:
        """Train as `train` does and return the finished runs. If there are none, the study ends with an error."""
        try:
            return finished_runs(self.train(experiment, *overrides, part=part))
        except LookupError as error:
            sys.exit(f"error: {error}")

    def runs(self) -> list[RunFolder]:
        """The finished runs of the study's own sweep, or the runs that `run=A,B` names, in whatever state.

        A sweep's folder stands for all its runs. `run` has to be one of the script's `own` keys.
        """
        named = self.options.get("run")
        if named is None:
            return self.finished()
        folders = [Path(folder).expanduser() for folder in named.split(",")]
        try:
            sweeps = [folder for folder in folders if folder.is_dir() and not RunFolder(folder).exists()]
            return [run for folder in folders for run in (runs_of(folder) if folder in sweeps else [find_run(folder)])]
        except LookupError as error:
            sys.exit(f"error: {error}")

    def numbers(self, results: Any, file: str = "results.json") -> None:
        """Store the measurements as JSON."""
        text = to_json(results, indent=1) + "\n"
        replace_file(self.out / file, lambda opened: opened.write(text.encode()))
        print(self.out / file, flush=True)

    def table(self, section: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table into its section of README.md, and print both."""
        text = readme.table(header, rows)
        readme.replace(self.out / "README.md", section, text)
        print(f"\n{text}\n{self.out / 'README.md'}", flush=True)

    def figure(self, name: str, figure: Figure) -> None:
        """Store a figure as a PNG of few colours, a third of the size."""
        drawn = BytesIO()
        figure.savefig(drawn, format="png", dpi=110)
        self.picture(name, Image.open(drawn).convert("RGB").quantize(COLOURS))

    def picture(self, name: str, image: Image.Image) -> None:
        """Store an image as a PNG in all its colours: with few colours the noise of samples looks worse than it is."""
        path = self.out / f"{name}.png"
        replace_file(path, lambda opened: image.save(opened, format="png", optimize=True))
        print(path, flush=True)

    def claims(self, claims: Sequence[Claim]) -> None:
        """Store each claim's figure, and its text and result in claims.json for experiments/theory."""
        for claim in claims:
            self.figure(claim.name, claim.figure)
        keys = ("name", "says", "where", "measured", "test")
        self.numbers([{key: getattr(claim, key) for key in keys} for claim in claims], "claims.json")

    def _kept(self) -> str:
        """What an interrupted study leaves, and how to resume it."""
        runs = [run for sweep in self._sweeps for folder in sweep.glob("*") if (run := RunFolder(folder)).exists()]
        finished = sum(run.status().state == "finished" for run in runs)
        states = f"{finished} of {len(runs)} runs begun in {', '.join(map(str, self._sweeps))} have finished, and "
        return f"{states if runs else ''}the same command resumes after what is stored: {self._command}"


def _taken(key: str, arguments: list[str]) -> str | None:
    """The value of `key=`, which is removed from the arguments; None if it is missing."""
    taken = [argument for argument in arguments if argument.startswith(f"{key}=")]
    for argument in taken:
        arguments.remove(argument)
    return taken[-1].partition("=")[2] if taken else None
