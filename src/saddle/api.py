"""The Python API: composes and trains experiments, and loads runs and sweeps from disk.

torch is imported only when something is built, so that a wrong configuration is refused at once.
"""

import math
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from saddle.config.commandline import compose_job
from saddle.config.diagnosis import no_option
from saddle.config.keys import option_files
from saddle.config.messages import ConfigError
from saddle.config.words import assigned, quote_paths
from saddle.engine.errors import RunRefusedError
from saddle.engine.existing_run import claim_folder
from saddle.engine.stored import stored_classes, stored_config
from saddle.processes.threads import thread_variables
from saddle.runs.folder import RunFolder
from saddle.runs.messages import require_weights
from saddle.runs.naming import register_resolvers
from saddle.runs.sweep import find_run, runs_of
from saddle.runs.weights import LAST

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn

    from saddle.engine.experiment import Experiment
    from saddle.models.base import GenerativeModel
    from saddle.report.comparison import Comparison


def compose(*overrides: str, **keys: Any) -> "Experiment":
    """An experiment, its configuration composed and checked as on the command line.

    Args:
        overrides: overrides as on the command line: `"data=ring"`, `"penalty.gamma=1"`.
        keys: overrides as Python values: `updates=500`, `loss="minimax"`, `evaluate_images=None`.

    Raises:
        ConfigError: the configuration is wrong; the message names the cause, the place and the fix.
    """
    for word in overrides:
        if not isinstance(word, str):
            raise ConfigError(f"{word!r}: an override is a string such as 'seed=1'; unpack a list: compose(*overrides)")
    words = [*quote_paths(overrides), *(assigned(key, value) for key, value in keys.items())]
    register_resolvers()
    cfg, folder, notes = compose_job(words)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    from saddle.engine.experiment import Experiment

    return Experiment(cfg, RunFolder(Path(folder).absolute()), ["python", "src/train.py", *words])


def train(*experiment: "Experiment | str", **keys: Any) -> "Run":
    """Train an experiment, or that of the overrides (see `compose`), and return the finished run.

    Raises:
        ConfigError: the overrides are wrong.
        RunRefusedError: the folder contains another run or one that is being trained, or the run needs several
            processes.
        RunFailedError: training failed; the folder stores the cause.
        RunInterrupted: training was interrupted; its state is stored, and the same call resumes it.
    """
    from saddle.engine.experiment import Experiment

    if experiment and isinstance(experiment[0], Experiment) and (len(experiment) > 1 or keys):
        raise ConfigError("an experiment has its settings already: give compose other ones, or train overrides alone")
    described = experiment[0] if experiment and isinstance(experiment[0], Experiment) else compose(*experiment, **keys)  # type: ignore[arg-type]  # strings
    trainer = described.config.trainer
    if trainer.devices * trainer.num_nodes > 1:
        raise RunRefusedError(
            f"trainer.devices={trainer.devices}: each device needs a process forked before any thread was used; "
            f"train it with: {' '.join(described.command)}"
        )
    os.environ |= thread_variables(side_by_side=1)
    if claim_folder(described.config, described.folder):
        from saddle.engine import session

        session.run(Experiment(described.config.copy(), described.folder, described.command))  # `model` stays fresh
    return Run(described.folder)


def load(path: str | Path) -> "Run | Sweep":
    """The run or the sweep in the folder `path`.

    Raises:
        LookupError: there is no run or sweep; the message names the nearest one.
        ValueError: `path` is not a path.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"{path!r}: load takes the path of a run's or a sweep's folder, such as 'runs/single/default'")
    folder = Path(path).expanduser()
    if folder.is_file():
        raise LookupError(f"{folder} is a file; load takes the folder of a run or a sweep, such as {folder.parent}")
    return Sweep(folder) if folder.is_dir() and not RunFolder(folder).exists() else Run(find_run(folder))


class Run:
    """A run on disk: its metrics, and its model with the weights of a stored state.

    Args:
        folder: folder of the run.
        state: whose weights: `last`, `best` by the main metric, or a number of updates (see `states`).
    """

    def __init__(self, folder: RunFolder, state: str = LAST) -> None:
        self.folder, self.state = folder, state

    def __repr__(self) -> str:
        try:
            return f"<Run {self.path}: {self.status}>"
        except ValueError as error:
            return f"<Run {self.path}: {error}>"

    @property
    def path(self) -> Path:
        """The path of its folder."""
        return self.folder.path

    @property
    def status(self) -> str:
        """`new`, `running`, `finished`, `failed` or `interrupted`."""
        return self.folder.status().state

    @property
    def states(self) -> dict[str, int | None]:
        """The states whose weights are stored, and their updates: `last`, `best`, and those that `keep` chose."""
        return {state: self.folder.weights.updates(state) for state in self.folder.weights.states()}

    def at(self, state: str | int) -> "Run":
        """The same run with the weights of another stored state: `run.at("best").sample(8)`.

        Raises:
            LookupError: no weights of that state are stored.
            ValueError: `state` is neither `last`, `best` nor a number of updates.
        """
        require_weights(self.folder, str(state))
        return Run(self.folder, self.folder.weights.require(str(state)))

    @cached_property
    def config(self) -> DictConfig:
        """The whole resolved configuration.

        Raises:
            LookupError, ValueError: the run has no configuration, or one that this version cannot build.
        """
        return stored_config(self.folder, files=False)

    @cached_property
    def experiment(self) -> "Experiment":
        """The experiment of the run: its data, its evaluator, and its model with fresh weights."""
        from saddle.engine.experiment import Experiment

        return Experiment(self.config, self.folder)

    @property
    def summary(self) -> dict[str, Any]:
        """The content of summary.json; empty until the run is finished."""
        return self.folder.summary() or {}

    @property
    def metrics(self) -> dict[str, list[float]]:
        """Everything that was logged, as columns of equal length, with NaN for missing values."""
        lines = self.folder.metrics()
        names = dict.fromkeys(name for line in lines for name in line)
        return {name: [line.get(name, math.nan) for line in lines] for name in names}

    def data_frame(self) -> "pd.DataFrame":
        """`metrics` as a data frame of pandas with the updates as its index.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            if error.name != "pandas":
                raise
            text = "data_frame needs pandas: pip install pandas; `metrics` holds the same columns without it"
            raise ModuleNotFoundError(text, name="pandas") from None
        return pd.DataFrame({"updates": [], **self.metrics}).set_index("updates")

    @cached_property
    def model(self) -> "GenerativeModel":
        """The model with the weights of `state`, on the GPU where there is one.

        Raises:
            LookupError: the run has no weights yet.
            ValueError: its files were changed by hand, or are of another version.
        """
        from saddle.samples.sampling import best_device, load_model

        return load_model(self.folder, self.config, self.state).to(best_device())

    @property
    def generator(self) -> "nn.Module":
        """The network that draws samples, with averaged weights if the run keeps an average."""
        return self.model.sampling_module()

    def sample(self, count: int, *, seed: int | None = None, label: int | str | None = None) -> "Tensor":
        """Samples x [count, *shape] on the CPU; images are in [-1, 1]. Sample i of a seed is always the same.

        Args:
            count: number of samples.
            seed: seed of the codes; None for that of the run.
            label: class of all samples, by name or number; None for the frequencies of the training set.

        Raises:
            LookupError: the model is not conditional.
            ValueError: the model has no such class, or `count` or `seed` is no such number.
        """
        from saddle.samples.arguments import check_number
        from saddle.samples.sampling import Samples

        check_number("count", count, least=1)
        number = None if label is None else stored_classes(self.folder).label(str(label))
        return Samples(self.model, seed=self._seed(seed), label=number, threshold=None).first(count)

    def prior(self, count: int, *, seed: int | None = None) -> "Tensor":
        """The latent codes [count, code_size] of the first samples of a seed.

        Raises:
            ValueError: the model has no latent code, or `count` or `seed` is no such number.
        """
        from saddle.samples.arguments import check_number
        from saddle.samples.sampling import coded

        check_number("count", count, least=1)
        return coded(self.model, "prior").prior(range(count), self._seed(seed))

    def decode(self, codes: "Tensor", labels: "Tensor | None" = None) -> "Tensor":
        """Samples x [count, *shape] of codes [count, code_size]; a conditional model needs labels [count].

        Raises:
            ValueError: the model has no latent code, or the codes or labels have another shape, type or range.
        """
        from saddle.samples.arguments import checked_codes, checked_labels
        from saddle.samples.sampling import coded

        model = coded(self.model, "decode")
        codes = checked_codes(model, codes)
        return model.decode(codes, checked_labels(model, labels, len(codes)))

    def evaluate(self, *, images: int | None = None, extractors: tuple[str, ...] = (), fresh: bool = False) -> Any:
        """Measure the model of `state` again, as `make fid` does; returns `metrics`, `floor`, `protocol` and more.

        Args:
            images: number of generated images; None for that of the run's own evaluations.
            extractors: options of `conf/extractor` in addition to the run's own, such as `inception`.
            fresh: whether to repeat a stored evaluation.

        Raises:
            LookupError: the run has no weights.
            ConfigError: there is no such extractor.
            ValueError: the run's data are not images, or `images` is no such number.
        """
        if isinstance(extractors, str):
            raise ConfigError(f"extractors={extractors!r}: extractors takes several names; write ({extractors!r},)")
        options = sorted(option_files()["extractor"])
        for name in extractors:
            if name not in options:
                raise ConfigError(f"extractors: {name}: {no_option('extractor', str(name), options)}")
        from saddle.evaluation.extra_extractors import extra_extractors
        from saddle.evaluation.finished import evaluate_run
        from saddle.samples.arguments import check_number

        if images is not None:
            check_number("images", images, least=2)
        return evaluate_run(
            self.folder,
            state=self.state,
            images=images,
            extra=extra_extractors(extractors, None),
            fresh=fresh,
        )

    def __getattr__(self, name: str) -> Any:
        """Say where the attributes of a sweep are: a folder's path does not show whether it is a run's."""
        if name not in ("runs", "compare", "table"):
            return object.__getattribute__(self, name)  # raises the error that led here
        sweep = f"saddle.load('{self.path.parent}')"
        raise AttributeError(f"{self.path} is one run: {name} belongs to a sweep, such as {sweep}")

    def _seed(self, seed: int | None) -> int:
        from saddle.samples.arguments import check_number

        if seed is None:
            return int(self.config.seed)
        check_number("seed", seed, least=0)
        return seed


class Sweep:
    """The runs of a sweep, in the order of its jobs.

    Args:
        path: folder of the sweep.

    Raises:
        LookupError: `path` is no folder, or contains no run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = [Run(folder) for folder in runs_of(path)]

    def __repr__(self) -> str:
        return f"<Sweep {self.path}: {len(self.runs)} runs>"

    def __getattr__(self, name: str) -> Any:
        """Say where the attributes of a run are: a folder's path does not show whether it is a sweep's."""
        if name in vars(Sweep) or name not in vars(Run) or name.startswith("_"):
            return object.__getattribute__(self, name)  # raises the error that led here
        raise AttributeError(f"{self.path} is a sweep: {name} belongs to each of its runs, such as .runs[0].{name}")

    def compare(self, baseline: str | None = None, names: Mapping[str, str] | None = None) -> "Comparison":
        """The comparison of the settings over their seeds, and with a baseline, paired by seed.

        Args:
            baseline: setting, or one of its jobs; None for the first.
            names: setting, or part of settings' names such as `loss-f_kl` -> name to show instead.

        Raises:
            LookupError: there is no such setting or job.
            ValueError: two settings would have one name.
        """
        from saddle.report.comparison import read_comparison

        return read_comparison(self.path, [run.folder for run in self.runs], None, baseline, names)

    def table(self) -> str:
        """The table of the runs, as on the terminal."""
        from saddle.report.run import read_runs
        from saddle.report.table import terminal

        return terminal(read_runs([run.folder for run in self.runs]))
